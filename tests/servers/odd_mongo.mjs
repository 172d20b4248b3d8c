// A MongoDB of which only the greeting is there: for servers that no stand-in can be. Of the wire
// protocol (OP_QUERY with OP_REPLY, OP_MSG) it knows what a driver's first questions need.

import { once } from 'node:events';
import net from 'node:net';

const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;

/** BSON of whole numbers, booleans, strings and arrays of them. */
function bson(fields) {
  const name = (type, key) => Buffer.from([type, ...Buffer.from(key), 0]);
  const int32 = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  const parts = Object.entries(fields).map(([key, value]) => {
    if (typeof value === 'number') return Buffer.concat([name(0x10, key), int32(value)]);
    if (typeof value === 'boolean') return Buffer.concat([name(0x08, key), Buffer.from([value])]);
    if (Array.isArray(value)) return Buffer.concat([name(0x04, key), bson({ ...value })]);
    const text = Buffer.from(`${value}\0`);
    return Buffer.concat([name(0x02, key), int32(text.length), text]);
  });
  const body = Buffer.concat([...parts, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

function answer(request, fields) {
  const asked = request.readInt32LE(12);
  const body = bson(fields);
  // OP_REPLY: flags, cursor, first, count. OP_MSG: flags, a section of kind 0.
  const lead = asked === opQuery ? Buffer.alloc(20) : Buffer.alloc(5);
  if (asked === opQuery) lead.writeInt32LE(1, 16);
  const head = Buffer.alloc(16);
  head.writeInt32LE(16 + lead.length + body.length, 0);
  head.writeInt32LE(request.readInt32LE(4), 8);
  head.writeInt32LE(asked === opQuery ? opReply : opMsg, 12);
  return Buffer.concat([head, lead, body]);
}

function serve(socket, greeting) {
  let waiting = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length >= 4 && waiting.length >= waiting.readInt32LE(0)) {
      const request = waiting.subarray(0, waiting.readInt32LE(0));
      waiting = waiting.subarray(request.length);
      const isGreeting = /isMaster|ismaster|hello/.test(request.toString('latin1'));
      const refusal = { ok: 0, code: 18, errmsg: 'Authentication failed.' };
      socket.write(answer(request, isGreeting ? { ...greeting, ok: 1 } : refusal));
    }
  });
}

/** `greeting(address)`: what it says of itself. Answers its address; it refuses all else. */
export async function startOddMongo(t, greeting) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    serve(socket, greeting(`127.0.0.1:${server.address().port}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${server.address().port}`;
}
