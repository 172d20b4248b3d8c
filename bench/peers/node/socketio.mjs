// socket.io as people run it: `node socketio.mjs PORT [redis://…]`. With a Redis address it is the
// same server over the Redis adapter. No authentication, no store: that flatters it.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [port, redis] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

if (redis) {
  const { createClient } = await import("redis");
  const { createAdapter } = await import("@socket.io/redis-adapter");
  const publisher = createClient({ url: redis });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

io.on("connection", (socket) => {
  socket.join(socket.handshake.auth.rooms ?? []);
  socket.on("send_message", (message, ack) => {
    io.to(message.chatId).emit("new_message", message);
    ack?.({ ok: true });
  });
});

http.listen(Number(port), "127.0.0.1");
