// A real server of somebody else's that a test needs: started on a loopback port, ended with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What a suite says where its server cannot be had here. */
export class NotToBeHad extends Error {}

const cannot = 77;

/** `job`, or a skipped test where a server is not to be had. */
export async function orSkip(t, job) {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error;
    return t.skip(error.message);
  }
}

export class ServerProcess {
  #sign;
  #child = null;
  #exited = null;
  #said = '';

  /** `sign`: what it says once it can be used. */
  constructor({ command, args = [], sign, options = {} }) {
    Object.assign(this, { command, args, options });
    this.#sign = sign;
  }

  /** Until it has said its sign, which this answers as a match. */
  async start() {
    // It ends when its standard input does: with us.
    const child = spawn(this.command, this.args, { ...this.options, stdio: 'pipe' });
    this.#child = child;
    this.#said = '';
    running.add(child);
    const exited = once(child, 'exit').then(([code]) => {
      running.delete(child);
      return code;
    });
    const seen = new Promise((resolve) => {
      const hear = (text) => {
        if (this.#said.length < 100_000) this.#said += text;
        const match = this.#sign.exec(this.#said);
        if (match) resolve(match);
      };
      child.stdout.setEncoding('utf8').on('data', hear);
      child.stderr.setEncoding('utf8').on('data', hear);
    });
    const ended = exited.then((code) => {
      const what = `${this.command} ended with ${code}: ${this.#said.trim()}`;
      throw code === cannot ? new NotToBeHad(this.#said.trim()) : new Error(what);
    });
    ended.catch(() => {});
    this.#exited = exited;
    return Promise.race([seen, ended]);
  }

  get isRunning() {
    return running.has(this.#child);
  }

  signal(name) {
    this.#child.kill(name);
  }

  async kill() {
    if (!this.isRunning) return;
    this.signal('SIGKILL');
    await this.#exited;
  }
}
