// A first chat over the whole road: three ways to connect, one shard and several.

import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { connect, register, registerMany, uniqueKey, words } from './people.mjs';

const transports = {
  'polling alone': { transports: ['polling'] },
  'websocket alone': { transports: ['websocket'] },
  'polling, then upgraded': {},
};

/** Of a chat, from the first on: `seq` is dense, and each change follows the one before. */
function assertDense(messages, first = 1) {
  messages.forEach((message, index) => {
    assert.equal(message.seq, first + index);
    assert.equal(message.rev, first + index);
    assert.equal(message.prevRev, message.rev - 1);
  });
}

for (const shards of [1, 4]) {
  for (const [how, options] of Object.entries(transports)) {
    test(`two people talk: ${how}, ${shards} shards`, { timeout: 60_000 }, async (t) => {
      const server = await startServer(t, { flags: ['--shards', `${shards}`] });
      const [ann, ben] = await registerMany(server, 2);
      const chatId = await ann.direct(ben);
      const annSocket = await ann.connect(t, options);
      const benSocket = await ben.connect(t, options);

      const ready = annSocket.events[0];
      assert.equal(ready.name, 'session_ready');
      assert.equal(ready.data.userId, ann.id);
      assert.equal(ready.data.deviceId, ann.deviceId);
      assert.equal(typeof ready.data.cursor, 'string');
      assert.equal(typeof ready.data.limits, 'object');
      assert.ok(Math.abs(Date.parse(ready.data.serverTime) - Date.now()) < 60_000);

      const key = uniqueKey();
      const ack = await annSocket.send(chatId, words('hello Ben'), { clientMessageId: key });
      assert.deepEqual(Object.keys(ack).sort(), [
        'createdAt',
        'duplicate',
        'messageId',
        'ok',
        'rev',
        'seq',
      ]);
      assert.deepEqual([ack.ok, ack.seq, ack.rev, ack.duplicate], [true, 1, 1, false]);

      for (const socket of [annSocket, benSocket]) {
        const message = await socket.heard('new_message');
        assert.equal(message.id, ack.messageId);
        assert.equal(message.content, words('hello Ben'));
        assert.equal(message.senderId, ann.id);
        assert.equal(message.clientMessageId, key);
        assert.equal(message.createdAt, ack.createdAt);
        assert.equal(message.prevRev, 0);
      }
      const reply = await benSocket.send(chatId, words('hello Ann'), {
        clientMessageId: uniqueKey(),
      });
      await annSocket.heard('new_message', (message) => message.id === reply.messageId);
      assertDense(annSocket.messages(chatId));
      if (!options.transports) {
        await eventually(
          'the upgrade',
          () => annSocket.socket.io.engine.transport.name === 'websocket',
        );
        await annSocket.send(chatId, words('after the upgrade'));
        await benSocket.heard('new_message', (message) => message.seq === 3);
      }
    });
  }

  test(`an order is one order for all, ${shards} shards`, { timeout: 60_000 }, async (t) => {
    const server = await startServer(t, { flags: ['--shards', `${shards}`] });
    const people = await registerMany(server, 10);
    const chatId = await people[0].group('Ten', people.slice(1));
    const modes = Object.values(transports);
    const sockets = await Promise.all(
      people.map((person, index) => person.connect(t, modes[index % modes.length])),
    );

    const sends = 20;
    await Promise.all(
      sockets.map(async (socket, who) => {
        for (let i = 0; i < sends; i += 1) {
          const ack = await socket.send(chatId, words(`${who}: ${i}`));
          assert.equal(ack.ok, true, JSON.stringify(ack));
        }
      }),
    );
    const last = 1 + people.length * sends;
    const orders = await Promise.all(
      sockets.map(async (socket) => {
        await socket.heard('new_message', (message) => message.seq === last);
        const messages = socket.messages(chatId);
        assertDense(messages, 2);
        return messages.map((message) => message.id);
      }),
    );
    for (const order of orders) assert.deepEqual(order, orders[0]);

    const history = await people[3].history(chatId, 37);
    assert.deepEqual(history.map((message) => message.id).slice(1), orders[0]);
    assert.equal(history[0].type, 'system');
    assert.equal(history[0].seq, 1);
    assert.equal(history[0].systemEvent.actorId, people[0].id);
    for (const who of people.keys()) {
      const own = history.filter((message) => message.content.startsWith(words(`${who}: `)));
      assert.deepEqual(
        own.map((message) => message.content),
        Array.from({ length: sends }, (_, i) => words(`${who}: ${i}`)),
      );
    }
  });
}

test('all devices of a user hear of what one of them says', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  const ben = await register(server);
  const annElsewhere = await ann.anotherDevice();
  assert.notEqual(annElsewhere.deviceId, ann.deviceId);
  const chatId = await ann.direct(ben);
  const sockets = [await ann.connect(t), await ann.connect(t), await annElsewhere.connect(t)];
  const ack = await sockets[0].send(chatId, words('to myself too'));
  for (const socket of sockets) {
    await socket.heard('new_message', (message) => message.id === ack.messageId);
  }
});

test(
  'a chat that is made while people are connected comes to them',
  { timeout: 60_000 },
  async (t) => {
    const server = await startServer(t, { flags: ['--shards', '4'] });
    const [ann, ben, eve] = await registerMany(server, 3);
    const [annSocket, benSocket, eveSocket] = await Promise.all(
      [ann, ben, eve].map((person) => person.connect(t)),
    );
    const chatId = await ann.group('New', [ben]);
    for (const socket of [annSocket, benSocket]) {
      const added = await socket.heard('chat_added');
      assert.equal(added.chat.id, chatId);
      assert.equal(typeof added.userRev, 'number');
    }
    await ann.post(chatId, words('over REST'));
    const message = await benSocket.heard('new_message', (each) => each.type === 'text');
    assert.equal(message.seq, 2);
    assert.deepEqual(
      eveSocket.events.map((event) => event.name),
      ['session_ready'],
    );
  },
);

test(
  'an event without an ack, or that is not known, does no harm',
  { timeout: 60_000 },
  async (t) => {
    const server = await startServer(t);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const socket = await ann.connect(t);
    socket.socket.emit('send_message', { chatId, content: words('no ack'), type: 'text' });
    socket.socket.emit('no_such_event', {});
    socket.socket.emit('error', {});
    assert.equal((await socket.ask('no_such_event', {})).error.code, 'validation-failed');
    await socket.heard('new_message');
    assert.equal(socket.socket.connected, true);
  },
);

test('a socket of another namespace is refused', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  await assert.rejects(
    connect(t, { url: `${server.url}/admin` }, { token: ann.token }),
    /Invalid namespace/,
  );
});
