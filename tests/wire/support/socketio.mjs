// Socket.IO over a bare WebSocket.

import assert from 'node:assert/strict';

import { openWebSocket } from './engine.mjs';

/** A link without any namespace yet. */
export async function openLink(server, options) {
  return openWebSocket(server, '/socket.io/?EIO=4&transport=websocket', options);
}

/** Joins a namespace; answers `{sid, pid?, auth}`. `nsp` as in a packet: `/custom,` or nothing. */
export async function join(link, nsp = '', auth = undefined) {
  link.send(`40${nsp}${auth === undefined ? '' : JSON.stringify(auth)}`);
  const answer = await link.message();
  assert.ok(answer?.startsWith(`40${nsp}{`), `answered ${answer}`);
  const greeting = await link.message();
  assert.ok(greeting?.startsWith(`42${nsp}["auth",`), `greeted with ${greeting}`);
  return {
    ...JSON.parse(answer.slice(2 + nsp.length)),
    auth: JSON.parse(greeting.slice(2 + nsp.length))[1],
  };
}

/** A link that has joined `/`. */
export async function joined(server, nsp = '', auth = undefined) {
  const link = await openLink(server);
  link.socket = await join(link, nsp, auth);
  return link;
}

/** The link still works, and nothing came before the answer that says so. */
export async function assertAlive(link, nsp = '', id = 77) {
  link.send(`42${nsp}${id}["message-with-ack","alive"]`);
  assert.equal(await link.message(), `43${nsp}${id}["alive"]`);
}

/** Sends and finds the link closed, without a word before it. */
export async function assertCuts(server, ...texts) {
  const link = await joined(server);
  link.send(...texts);
  await link.assertClosed();
}
