// After whatever was done to a server: it answers a new handshake, and has let go of everything.

import assert from 'node:assert/strict';

import { eventually } from './conformance.mjs';
import { PollingLink } from './engine.mjs';

/** Resident bytes that may stay: allocators keep some, and the sanitizer keeps more. */
const memorySlack = 96 * 1024 * 1024;
const descriptorSlack = 12;
const patience = 30_000;

const isFull = process.env.KNOTOS_WIRE_VOLUME === 'full';

/** How often an attack is made: in each run, and with KNOTOS_WIRE_VOLUME=full. */
export function volume(inEachRun, inFull) {
  return isFull ? inFull : inEachRun;
}

export function figures(server) {
  return { memory: server.memory(), descriptors: server.descriptors() };
}

/** Runs `attack`, then waits until the server stands where it stood before. */
export async function survives(server, attack) {
  await PollingLink.open(server);
  const before = figures(server);
  await attack();
  await PollingLink.open(server);
  await eventually(
    `descriptors are back near ${before.descriptors}`,
    () => server.descriptors() <= before.descriptors + descriptorSlack,
    patience,
  );
  await eventually(
    `memory is back near ${before.memory}`,
    () => server.memory() <= before.memory + memorySlack,
    patience,
  );
  assert.doesNotMatch(server.stderr, /Sanitizer|runtime error:/);
}

/** `count` times `once`, `atOnce` at a time. */
export async function many(count, atOnce, once) {
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await once(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Waits until the socket has taken what was written to it, or is gone. */
export function drained(connection) {
  const { socket } = connection;
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}
