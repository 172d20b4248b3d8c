// Ending in good order: what was begun is finished and acked, clients are told and come back.

import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { Connection, openSocket, registerMany, uniqueKey, words } from './people.mjs';
import { openTcp } from './raw.mjs';

const reconnecting = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 300 };

for (const [how, options] of Object.entries({ websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] } })) {
  test(`SIGTERM loses nothing and clients come back by themselves: ${how}`, { timeout: 60_000 },
    async (t) => {
      const server = await startServer(t, { flags: ['--drain-ms', '5000', '--shards', '2'] });
      const [ann, ben] = await registerMany(server, 2);
      const chatId = await ann.direct(ben);
      const sockets = [ann, ben].map((person) => new Connection(openSocket(t, server,
        { token: person.token }, { ...reconnecting, ...options })));
      await Promise.all(sockets.map((socket) => socket.heard('session_ready')));

      const sends = Array.from({ length: 40 }, (_, i) => {
        const clientMessageId = uniqueKey();
        return sockets[0].send(chatId, words(`${i}`), { clientMessageId })
          .catch(() => ({ ok: false, isLost: true }))
          .then((ack) => ({ ...ack, clientMessageId, content: words(`${i}`) }));
      });
      await sockets[0].heard('new_message');
      server.signal('SIGTERM');
      const late = [];
      for (const socket of sockets) {
        const data = await socket.heard('server_draining');
        assert.ok(data.retryAfterMs > 0, JSON.stringify(data));
      }
      if (sockets[0].socket.connected) {
        late.push(await sockets[0].send(chatId, words('too late')).catch(() => null));
      }
      assert.deepEqual(await server.exit(), { code: 0, signal: null });
      server.assertCleanLog();

      const acks = await Promise.all(sends);
      assert.ok(acks.some((ack) => ack.ok), 'some were acked');
      for (const ack of [...acks, ...late]) {
        if (!ack || ack.ok || ack.isLost) continue;
        assert.equal(ack.error.code, 'overloaded');
        assert.ok(ack.error.retryable && ack.error.retryAfterMs > 0, JSON.stringify(ack));
      }
      for (const socket of sockets) {
        const reason = await socket.heard('disconnect');
        assert.notEqual(reason, 'io server disconnect', 'a client would not come back after that');
      }

      await server.start();
      for (const socket of sockets) {
        await eventually('the client is back', () => socket.of('session_ready').length === 2);
      }
      const stored = await ben.history(chatId);
      for (const ack of acks.filter((each) => each.ok)) {
        const same = stored.filter((message) => message.clientMessageId === ack.clientMessageId);
        assert.deepEqual(same.map((message) => message.id), [ack.messageId]);
      }
      for (const ack of acks.filter((each) => !each.ok)) {
        const again = await ann.post(chatId, ack.content, { clientMessageId: ack.clientMessageId });
        assert.ok(again.seq > 0);
      }
      const all = await ben.history(chatId);
      assert.deepEqual(all.map((message) => message.seq), all.map((_, index) => index + 1));
      assert.equal(all.filter((message) => message.content !== words('too late')).length, 40);
      assert.equal((await sockets[1].send(chatId, words('back'))).ok, true);
    });
}

test('while it drains it is not ready and takes no new links', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t, { flags: ['--drain-ms', '3000'] });
  const [ann] = await registerMany(server, 1);
  const socket = await ann.connect(t);
  const kept = await openTcp(server);
  t.after(() => kept.destroy());
  server.signal('SIGTERM');
  await socket.heard('server_draining');
  const answer = await fetch(`${server.url}/readyz`).catch(() => null);
  if (answer) assert.equal(answer.status, 503);
  await assert.rejects(ann.connect(t));
  assert.deepEqual(await server.exit(), { code: 0, signal: null });
});

test('with nobody there it ends at once', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t, { flags: ['--drain-ms', '30000'] });
  const began = Date.now();
  await server.stop();
  assert.ok(Date.now() - began < 10_000);
});
