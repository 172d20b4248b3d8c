// The server library by itself, through its examples and sio-conformance, with the official client.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { io } from 'socket.io-client';

import { chatRoom, conformance, connect, echo, next, serve } from './library.mjs';

const transports = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

test('the echo example sends back and acks what it gets', async (t) => {
  const url = await serve(t, echo, '0');
  for (const [name, chosen] of Object.entries(transports)) {
    await t.test(name, async (t) => {
      const socket = await connect(t, url, { transports: chosen });
      const echoed = next(socket, 'hello');
      const sent = [{ text: 'ä€😀\u0000', list: [1, null, true] }, Buffer.from([1, 2, 255])];
      const acked = await socket.timeout(5_000).emitWithAck('hello', ...sent);
      assert.deepEqual(acked, sent[0]);
      assert.deepEqual(await echoed, sent);
    });
  }
});

test('the chat room example joins, tells, types and says who left', async (t) => {
  const url = await serve(t, chatRoom, '0');
  const stranger = io(url, { forceNew: true });
  t.after(() => stranger.close());
  const [refusal] = await once(stranger, 'connect_error');
  assert.equal(refusal.message, 'Say who you are.');
  assert.deepEqual(refusal.data, { missing: 'name' });
  const auth = (name) => ({ auth: { name } });
  const ann = await connect(t, url, auth('ann'));
  const bob = await connect(t, url, { ...auth('bob'), transports: ['websocket'] });
  assert.deepEqual(await ann.emitWithAck('join', 'tea'), []);
  const joined = next(ann, 'joined');
  assert.deepEqual(await bob.emitWithAck('join', 'tea'), [ann.id]);
  assert.deepEqual((await joined).slice(0, 1), [bob.id]);

  const said = next(bob, 'said');
  assert.equal(await ann.emitWithAck('say', 'tea', 'hello'), 'ok');
  assert.deepEqual((await said).slice(0, 3), ['tea', ann.id, 'hello']);
  assert.ok(!ann.heard.some(([name]) => name === 'said'), 'the sender hears itself');

  const typing = next(bob, 'typing');
  ann.emit('typing', 'tea');
  assert.deepEqual((await typing).slice(0, 2), ['tea', ann.id]);

  const left = next(ann, 'left');
  const { id } = bob;
  bob.disconnect();
  assert.deepEqual((await left).slice(0, 2), ['tea', id]);
});

for (const shards of ['1', '3']) {
  test(`a lost client is recovered on ${shards} shards with all that it missed`, async (t) => {
    const url = await serve(t, conformance, '--port', '0', '--recovery', '--shards', shards);
    for (const [name, chosen] of Object.entries(transports)) {
      await t.test(name, async (t) => {
        const room = `room of ${name}`;
        const ann = await connect(t, url, { transports: chosen, reconnection: false });
        const bob = await connect(t, url);
        assert.equal(await ann.emitWithAck('join', room), 'ok');
        const { id } = ann;
        for (let round = 0; round < 6; round += 1) {
          const lost = next(ann, 'disconnect');
          ann.io.engine.close();
          await lost;
          bob.emit('say', room, round, { bytes: Buffer.from([round]) });
          await bob.emitWithAck('message-with-ack', 'said');
          const back = once(ann, 'connect');
          ann.connect();
          await back;
          assert.equal(ann.recovered, true);
          assert.equal(ann.id, id);
          const deadline = Date.now() + 5_000;
          const found = () =>
            ann.heard.filter(([event]) => event === 'said').map(([, number]) => number);
          while (found().length <= round && Date.now() < deadline) {
            await ann.emitWithAck('message-with-ack');
          }
          assert.deepEqual(found(), Array.from({ length: round + 1 }, (_, number) => number));
        }
        const said = ann.heard.filter(([event]) => event === 'said');
        for (const [, number, body, offset] of said) {
          assert.deepEqual(body, { bytes: Buffer.from([number]) });
          assert.equal(typeof offset, 'string');
        }
      });
    }
  });
}

test('a client that left for good begins anew', async (t) => {
  const url = await serve(t, conformance, '--port', '0', '--recovery');
  const ann = await connect(t, url);
  const first = ann.id;
  ann.disconnect();
  const back = once(ann, 'connect');
  ann.connect();
  await back;
  assert.notEqual(ann.id, first);
  assert.equal(ann.recovered, false);
});
