// The design that Knotos grew out of: a NestJS gateway that publishes each message to a channel of
// its chat, and hears all of them through one PSUBSCRIBE. `node original.mjs PORT redis://…`.
// No store at all: that flatters it.
import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { IoAdapter } from "@nestjs/platform-socket.io";
import { SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import { createClient } from "redis";

const [port, redis] = process.argv.slice(2);
const publisher = createClient({ url: redis });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

class ChatGateway {
  afterInit(server) {
    void subscriber.pSubscribe("channel:chat:*", (text, channel) => {
      server.to(channel.slice("channel:chat:".length)).emit("new_message", JSON.parse(text));
    });
  }

  handleConnection(socket) {
    socket.join(socket.handshake.auth.rooms ?? []);
  }

  async sendMessage(socket, message) {
    await publisher.publish(`channel:chat:${message.chatId}`, JSON.stringify(message));
    return { ok: true };
  }
}

// What decorators would do, without a compiler for them.
WebSocketGateway({ transports: ["websocket"] })(ChatGateway);
SubscribeMessage("send_message")(
  ChatGateway.prototype,
  "sendMessage",
  Object.getOwnPropertyDescriptor(ChatGateway.prototype, "sendMessage"),
);
class AppModule {}
Module({ providers: [ChatGateway] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: ["error"] });
app.useWebSocketAdapter(new IoAdapter(app));
await app.listen(Number(port), "127.0.0.1");
