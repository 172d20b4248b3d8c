// Bare bytes: HTTP requests, WebSocket frames and Engine.IO links written by hand, for what no
// well-behaved client does.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export async function openTcp(server) {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Writes bytes and answers all that comes back until the peer closes or `quiet` ms have passed. */
export async function exchange(server, bytes, quiet = 2_000) {
  const socket = await openTcp(server);
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = once(socket, 'close').then(() => true);
  socket.write(bytes);
  const isClosed = await Promise.race([closed, sleep(quiet, false, { ref: false })]);
  socket.destroy();
  return { isClosed, text: Buffer.concat(chunks).toString('latin1') };
}

export function httpRequest(method, target, { headers = {}, body = '' } = {}) {
  const bytes = Buffer.from(body);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(bytes.length > 0 ? [`Content-Length: ${bytes.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

export function upgradeRequest(target = '/socket.io/?EIO=4&transport=websocket') {
  return httpRequest('GET', target, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    },
  });
}

/** A client's frame: masked, `opcode` 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
export function frame(payload, { opcode = 1, isFinal = true } = {}) {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const size = bytes.length;
  let head;
  if (size < 126) {
    head = Buffer.from([0, 0x80 | size]);
  } else if (size < 65_536) {
    head = Buffer.from([0, 0x80 | 126, size >> 8, size & 255]);
  } else {
    head = Buffer.alloc(10);
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  const masked = Buffer.from(bytes.map((byte, index) => byte ^ mask[index & 3]));
  return Buffer.concat([head, mask, masked]);
}

/** The server's frames, from the bytes after the 101. */
class FrameReader {
  #waiting = Buffer.alloc(0);
  #hasHead = false;

  /** The text frames that are complete now. */
  read(chunk) {
    this.#waiting = Buffer.concat([this.#waiting, chunk]);
    const texts = [];
    if (!this.#hasHead) {
      const end = this.#waiting.indexOf('\r\n\r\n');
      if (end < 0) return texts;
      this.#hasHead = true;
      this.#waiting = this.#waiting.subarray(end + 4);
    }
    for (;;) {
      const bytes = this.#waiting;
      if (bytes.length < 2) return texts;
      let size = bytes[1] & 0x7f;
      let begin = 2;
      if (size === 126) {
        if (bytes.length < 4) return texts;
        size = bytes.readUInt16BE(2);
        begin = 4;
      } else if (size === 127) {
        if (bytes.length < 10) return texts;
        size = Number(bytes.readBigUInt64BE(2));
        begin = 10;
      }
      if (bytes.length < begin + size) return texts;
      if ((bytes[0] & 15) === 1) texts.push(bytes.toString('utf8', begin, begin + size));
      this.#waiting = bytes.subarray(begin + size);
    }
  }
}

/** A WebSocket client that reads only when told to. Answers pings while it reads. */
export class RawLink {
  texts = [];

  static async open(server, token) {
    const link = new RawLink();
    link.socket = await openTcp(server);
    const frames = new FrameReader();
    link.socket.on('data', (chunk) => {
      for (const text of frames.read(chunk)) {
        if (text === '2') link.say('3');
        else link.texts.push(text);
      }
    });
    link.socket.write(upgradeRequest());
    link.say(`40${JSON.stringify({ token })}`);
    return link;
  }

  say(text) {
    this.socket.write(frame(text));
  }

  /** The events so far: `[name, data]`. */
  get events() {
    return this.texts
      .filter((text) => text.startsWith('42'))
      .map((text) => JSON.parse(text.slice(2)));
  }

  stopReading() {
    this.socket.pause();
  }

  readOn() {
    this.socket.resume();
  }

  close() {
    this.socket.destroy();
  }
}
