// WebSocket by hand.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

import { Connection } from './bytes.mjs';
import { readResponse, requestBytes } from './http.mjs';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function acceptFor(key) {
  return createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
}

export function upgradeHeaders(more = {}) {
  return {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...more,
  };
}

/** A client's frame. `rsv`: the three reserved bits as a number. */
export function frameBytes(payload, { opcode = 1, isFinal = true, rsv = 0, isMasked = true } = {}) {
  const bytes = Buffer.from(payload);
  const size = bytes.length;
  const flag = isMasked ? 0x80 : 0;
  let head;
  if (size < 126) {
    head = Buffer.from([0, flag | size]);
  } else if (size < 65_536) {
    head = Buffer.from([0, flag | 126, size >> 8, size & 255]);
  } else {
    head = Buffer.alloc(10);
    head[1] = flag | 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  head[0] = (isFinal ? 0x80 : 0) | (rsv << 4) | opcode;
  if (!isMasked) return Buffer.concat([head, bytes]);
  const mask = randomBytes(4);
  const masked = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 1) masked[at] = bytes[at] ^ mask[at & 3];
  return Buffer.concat([head, mask, masked]);
}

export function closePayload(code, reason = '') {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

export class WebSocketLink {
  #hasEnded = false;
  closeCode = null; ///< Of the close frame that came: 1005 if it had none.

  /** Answers the link whatever the server said: see `response`. */
  static async attempt(server, target, { headers = {}, early = Buffer.alloc(0) } = {}) {
    const link = new WebSocketLink();
    link.connection = await Connection.open(server);
    const all = upgradeHeaders(headers);
    link.connection.write(Buffer.concat([requestBytes('GET', target, { headers: all }), early]));
    link.response = await readResponse(link.connection);
    if (link.response?.status === 101) {
      assert.equal(
        link.response.header('sec-websocket-accept'),
        acceptFor(all['Sec-WebSocket-Key']),
      );
    }
    return link;
  }

  static async open(server, target = '/socket.io/?EIO=4&transport=websocket', options = {}) {
    const link = await WebSocketLink.attempt(server, target, options);
    assert.equal(link.response?.status, 101, link.response?.text);
    return link;
  }

  /** The next frame: `{opcode, isFinal, rsv, payload}`. Null: the connection ended. */
  async frame(limit) {
    const head = await this.connection.exactly(2, limit);
    if (head === null) return null;
    assert.equal(head[1] & 0x80, 0, 'a server does not mask');
    let size = head[1] & 0x7f;
    if (size === 126) size = (await this.connection.exactly(2, limit)).readUInt16BE();
    else if (size === 127)
      size = Number((await this.connection.exactly(8, limit)).readBigUInt64BE());
    const payload = size === 0 ? Buffer.alloc(0) : await this.connection.exactly(size, limit);
    if (payload === null) return null;
    return { opcode: head[0] & 15, isFinal: head[0] >= 0x80, rsv: (head[0] >> 4) & 7, payload };
  }

  /** The next message: a string, or a Buffer if it is binary. Null: closed. */
  async message(limit) {
    if (this.#hasEnded) return null;
    const frame = await this.frame(limit);
    if (frame === null || frame.opcode === opcodes.close) {
      this.#hasEnded = true;
      if (frame !== null) {
        this.closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE() : 1005;
      }
      return null;
    }
    assert.ok(frame.isFinal && frame.rsv === 0);
    if (frame.opcode === opcodes.text) return frame.payload.toString('utf8');
    assert.equal(frame.opcode, opcodes.binary);
    return frame.payload;
  }

  /** Messages until it is closed. */
  async untilClosed(limit) {
    const messages = [];
    for (;;) {
      const message = await this.message(limit);
      if (message === null) break;
      messages.push(message);
    }
    return messages;
  }

  /** It is closed, and said nothing more before. */
  async assertClosed(...codes) {
    assert.deepEqual(await this.untilClosed(), []);
    if (codes.length > 0)
      assert.ok(codes.includes(this.closeCode), `closed with ${this.closeCode}`);
    await this.connection.toEnd();
  }

  send(...texts) {
    this.connection.write(Buffer.concat(texts.map((text) => frameBytes(text))));
  }

  sendBinary(...payloads) {
    this.connection.write(
      Buffer.concat(payloads.map((each) => frameBytes(each, { opcode: opcodes.binary }))),
    );
  }

  sendFrame(payload, options) {
    this.connection.write(frameBytes(payload, options));
  }

  destroy() {
    this.connection.destroy();
  }
}
