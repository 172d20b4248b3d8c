// `knotos bench`: every scenario against a real server, and against one that knows no Knotos.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import test from 'node:test';

import { Server as SocketServer } from 'socket.io';

import { releaseBinary, runBinary, startServer } from './harness.mjs';

/** Runs a scenario to its end without blocking this process, whose own server may be the target. */
async function bench(url, ...args) {
  const child = spawn(releaseBinary, ['bench', ...args, '--url', url, '--json']);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stderr, found: code === 0 ? JSON.parse(stdout) : null };
}

async function measure(url, ...args) {
  const { code, stderr, found } = await bench(url, '--warmup', '0', ...args);
  assert.equal(code, 0, stderr);
  assert.equal(found.errors, 0, JSON.stringify(found.troubles));
  return found;
}

test('a Knotos server is measured in every scenario', async (t) => {
  const server = await startServer(t);

  await t.test('fanout, closed loop', async () => {
    const found = await measure(
      server.url, 'fanout', '--members', '20', '--users', '2', '--window', '8', '--seconds', '1');
    assert.equal(found.links, 20);
    assert.equal(found.missingDeliveries, 0);
    assert.equal(found.unexpectedDeliveries, 0);
    assert.ok(found.messagesPerSecond > 0 && found.acksPerSecond > 0);
    assert.ok(found.deliveriesPerSecond >= found.messagesPerSecond);
    assert.ok(found.deliveryP50Ms > 0 && found.deliveryP50Ms <= found.deliveryMaxMs);
    assert.ok(found.serverCpuShare > 0, 'the server was not found');
    assert.ok(found.serverMemoryBytes > 1_000_000);
  });

  await t.test('rooms, open loop', async () => {
    const found = await measure(
      server.url, 'rooms', '--rooms', '5', '--members', '2-4', '--users', '6', '--rate', '50',
      '--seconds', '2');
    assert.equal(found.missingDeliveries, 0);
    assert.equal(found.unexpectedDeliveries, 0);
    // What is due goes out, however slow this machine is.
    assert.ok(found.acksPerSecond > 0);
  });

  await t.test('stalled readers beside the others', async () => {
    const found = await measure(
      server.url, 'fanout', '--members', '5', '--users', '2', '--stalled', '3', '--rate', '20',
      '--seconds', '1');
    assert.equal(found.stalledLinks, 3);
    assert.equal(found.missingDeliveries, 0);
  });

  await t.test('idle', async () => {
    const found = await measure(
      server.url, 'idle', '--links', '50', '--users', '2', '--seconds', '1');
    assert.equal(found.links, 50);
    assert.equal(found.linksLeft, 50);
  });

  await t.test('storm: all come back, with their cursors', async () => {
    const found = await measure(
      server.url, 'storm', '--links', '40', '--users', '2', '--rooms', '3', '--window', '10');
    assert.equal(found.linksJoined, 40);
    assert.equal(found.reconnectsJoined, 40);
  });

  await t.test('list', async () => {
    const found = await measure(
      server.url, 'list', '--rooms', '4', '--members', '2', '--seconds', '1');
    assert.ok(found.listsPerSecond > 0);
    assert.ok(found.listP50Ms > 0);
  });
});

test('a foreign Socket.IO server is measured with --plain', async (t) => {
  const http = createServer();
  const io = new SocketServer(http);
  let lost = 0;
  io.on('connection', (socket) => {
    socket.join(socket.handshake.auth.rooms);
    socket.on('send_message', (message, ack) => {
      // One message in ten never reaches the room.
      if (lost++ % 10 !== 9) io.to(message.chatId).emit('new_message', message);
      ack({ ok: true });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => io.close());
  const url = `http://127.0.0.1:${http.address().port}`;

  const found = await measure(
    url, 'fanout', '--plain', '--members', '10', '--rate', '50', '--seconds', '1');
  assert.ok(found.acksPerSecond > 0);
  assert.ok(found.missingDeliveries > 0, 'what never came was not missed');
  assert.equal(found.missingDeliveries % 10, 0);
});

test('a server that refuses is told in one line', async (t) => {
  const server = await startServer(t, { rates: true, flags: ['--rate-auth', '1/60s'] });
  const { code, stderr } = await bench(server.url, 'fanout', '--members', '10');
  assert.equal(code, 1);
  assert.match(stderr, /^knotos: the server at .* cannot be used: register: 429 rate-limited\n$/);
});

test('what makes no sense is told in one line', () => {
  for (const args of [[], ['flood'], ['fanout', '--seconds', '0'], ['fanout', '--members', 'x']]) {
    const run = runBinary(['bench', ...args]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /^knotos: [^\n]+\n$/);
  }
  const nobody = runBinary(['bench', 'fanout', '--url', 'http://127.0.0.1:1']);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /^knotos: [^\n]+\n$/);
});
