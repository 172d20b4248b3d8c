// Starts the programs that stand on the server library alone, and makes sure that they end with the
// test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import readline from 'node:readline';

import { io } from 'socket.io-client';

import { projectRoot } from './harness.mjs';

const build = process.env.KNOTOS_BUILD ?? path.join(projectRoot, 'build/release');
export const echo = path.join(build, 'examples/socketio/socketio-echo');
export const chatRoom = path.join(build, 'examples/socketio/socketio-chat_room');
export const conformance = path.join(build, 'sio-conformance');

/** Runs a program that says `listening` with its port, until the test is over. Answers its URL. */
export async function serve(t, program, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    const [code] = await exited;
    assert.equal(code, 0, `${path.basename(program)} ended with ${code}`);
  });
  for await (const line of readline.createInterface(child.stderr)) {
    const port = /listening .*[=:](\d+)$/.exec(line)?.[1];
    if (port) {
      child.stderr.resume();
      return `http://127.0.0.1:${port}`;
    }
  }
  return assert.fail(`${program} ended before it was listening`);
}

/** A client that is connected and closed with the test. What it hears is kept in `heard`. */
export async function connect(t, url, options = {}) {
  const socket = io(url, {
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 20,
    ...options,
  });
  t.after(() => socket.close());
  socket.heard = [];
  socket.onAny((...event) => socket.heard.push(event));
  await once(socket, 'connect');
  return socket;
}

/** Resolves with the arguments of the next event of that name. */
export const next = (socket, name) =>
  new Promise((resolve) => socket.once(name, (...args) => resolve(args)));
