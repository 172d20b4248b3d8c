// A TCP connection whose bytes are read as they are asked for.

import { once } from 'node:events';
import net from 'node:net';

export const patience = 30_000;

/** Rejects with a sentence if `promise` takes too long, so that a test fails by its own name. */
export function soon(promise, what, limit = patience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limit} ms: ${what}`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class Connection {
  /** Whether it ended by an error, such as a reset. */
  isReset = false;
  isEnded = false;
  #chunks = [];
  #size = 0;
  #wake = null;

  static async open(server) {
    const connection = new Connection();
    const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: false });
    connection.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {
      connection.isReset = true;
    });
    socket.on('data', (chunk) => {
      connection.#chunks.push(chunk);
      connection.#size += chunk.length;
      connection.#wake?.();
    });
    const end = () => {
      connection.isEnded = true;
      connection.#wake?.();
    };
    socket.on('end', end);
    connection.closed = new Promise((resolve) => {
      socket.on('close', () => {
        end();
        resolve();
      });
    });
    await soon(Promise.race([once(socket, 'connect'), connection.closed]), 'a connection');
    return connection;
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  /** Ends it with RST. */
  reset() {
    this.socket.resetAndDestroy();
  }

  destroy() {
    this.socket.destroy();
  }

  #peek() {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #take(size) {
    const all = this.#peek();
    this.#chunks = [all.subarray(size)];
    this.#size -= size;
    return all.subarray(0, size);
  }

  async #more(limit) {
    const wake = new Promise((resolve) => {
      this.#wake = resolve;
    });
    await soon(wake, 'more bytes', limit);
  }

  /** Null: it ended before. */
  async exactly(size, limit = patience) {
    while (this.#size < size) {
      if (this.isEnded) return null;
      await this.#more(limit);
    }
    return this.#take(size);
  }

  /** Up to and with `mark`. Null: it ended before. */
  async through(mark, limit = patience) {
    for (;;) {
      const at = this.#peek().indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length);
      if (this.isEnded) return null;
      await this.#more(limit);
    }
  }

  /** All that comes until the peer closes. */
  async toEnd(limit = patience) {
    while (!this.isEnded) await this.#more(limit);
    return this.#take(this.#size);
  }

  /** What is there already, without waiting. */
  get buffered() {
    return this.#peek();
  }
}
