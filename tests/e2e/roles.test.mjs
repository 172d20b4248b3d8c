// One process for REST and two for sockets: each serves what is its own, and what one of them does
// is told by the others.

import assert from 'node:assert/strict';
import test from 'node:test';

import { listenersTo } from '../servers/redis.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { eventually } from './harness.mjs';
import { assertProblem, registerMany } from './people.mjs';
import { servedBy, world } from './several.mjs';

const websocket = { transports: ['websocket'] };

async function startRoles(t) {
  const { redis, start } = await world(t);
  const api = await start('--role', 'api');
  const gateways = [await start('--role', 'gateway'), await start('--role', 'gateway')];
  return { redis, api, gateways };
}

test('each role serves what is its own', { timeout: 120_000 }, (t) =>
  orSkip(t, async () => {
    const { api, gateways } = await startRoles(t);
    const [gateway] = gateways;
    for (const server of [api, gateway]) {
      for (const path of ['/healthz', '/readyz', '/metrics']) {
        assert.equal((await fetch(server.url + path)).status, 200, path);
      }
    }
    const handshake = '/socket.io/?EIO=4&transport=polling';
    assert.equal((await fetch(gateway.url + handshake)).status, 200);
    assert.equal((await fetch(api.url + handshake)).status, 404);
    const [ann] = await registerMany(api, 1);
    assert.equal((await ann.request('GET', '/v1/me')).status, 200);
    for (const path of ['/v1/me', '/']) {
      const answer = await fetch(gateway.url + path);
      assert.equal(answer.status, 404);
      assertProblem(await answer.json(), 404, 'not-found');
    }
  }));

test('what happens at one gateway is told at the other', { timeout: 120_000 }, (t) =>
  orSkip(t, async () => {
    const { api, gateways } = await startRoles(t);
    const [here, there] = gateways;
    const [ann, ben, cat] = await registerMany(api, 3);
    const chatId = await ann.direct(ben);
    const phone = await ann.anotherDevice();
    const annHere = await servedBy(here, ann).connect(t, websocket);
    const annThere = await servedBy(there, phone).connect(t, websocket);
    const benThere = await servedBy(there, ben).connect(t, websocket);

    const sent = 30;
    for (let count = 1; count <= sent; count += 1) {
      const by = count % 3 === 0 ? benThere : annHere;
      assert.equal((await by.send(chatId, `number ${count}`)).ok, true);
    }
    const inOrder = Array.from({ length: sent }, (_, index) => index + 1);
    for (const connection of [annHere, annThere, benThere]) {
      await eventually('all is heard', () => connection.messages(chatId).length === sent);
      assert.deepEqual(connection.messages(chatId).map(({ seq }) => seq), inOrder);
    }

    const [{ id: messageId }] = benThere.messages(chatId);
    await ann.ask('PATCH', `/v1/chats/${chatId}/messages/${messageId}`, { content: 'edited' });
    for (const connection of [annHere, benThere]) {
      await connection.heard('message_updated', ({ content }) => content === 'edited');
    }
    assert.equal((await benThere.ask('react', { chatId, messageId, emoji: '👍' })).ok, true);
    await annHere.heard('message_updated', ({ reactions }) => reactions?.length === 1);

    await annHere.ask('typing_start', { chatId });
    await benThere.heard('typing_start', ({ userId }) => userId === ann.id);
    await annHere.ask('typing_stop', { chatId });
    await benThere.heard('typing_stop', ({ userId }) => userId === ann.id);
    assert.deepEqual(annThere.of('typing_start'), [], 'nor do the own devices hear of it');

    await benThere.ask('mark_read', { chatId, seq: sent });
    await annHere.heard('message_read', ({ userId, seq }) => userId === ben.id && seq === sent);
    await annHere.ask('mark_read', { chatId, seq: sent });
    await annThere.heard('read_state', ({ lastReadSeq }) => lastReadSeq === sent);
    await annHere.ask('update_chat_state', { chatId, isPinned: true });
    await annThere.heard('chat_state_updated', ({ state }) => state.isPinned);

    const catThere = await servedBy(there, cat).connect(t, websocket);
    const groupId = await ann.group('A group', [ben]);
    await benThere.heard('chat_added', ({ chat }) => chat.id === groupId);
    await ann.ask('POST', `/v1/chats/${groupId}/members`, { memberIds: [cat.id] });
    await catThere.heard('chat_added', ({ chat }) => chat.id === groupId);
    await annHere.send(groupId, 'welcome');
    await catThere.heard('new_message', ({ content }) => content === 'welcome');
    await ann.ask('DELETE', `/v1/chats/${groupId}/members/${cat.id}`);
    await catThere.heard('chat_removed', (removed) => removed.chatId === groupId);
    await annHere.send(groupId, 'without cat');
    await benThere.heard('new_message', ({ content }) => content === 'without cat');
    assert.ok(!catThere.messages(groupId).some(({ content }) => content === 'without cat'));

    await ann.ask('DELETE', `/v1/auth/sessions/${phone.deviceId}`);
    await annThere.heard('session_revoked');
    await annThere.heard('disconnect');
    assert.equal(annHere.socket.connected, true);
  }));

test('a chat is heard of where a member is, and nowhere else', { timeout: 120_000 }, (t) =>
  orSkip(t, async () => {
    const { redis, api, gateways } = await startRoles(t);
    const [here, there] = gateways;
    const [ann, ben] = await registerMany(api, 2);
    const chatId = await ann.direct(ben);
    const listeners = () => listenersTo(redis, `channel:chat:${chatId}`);
    assert.equal(listeners(), 0, 'who serves REST listens to no chat');
    const annHere = await servedBy(here, ann).connect(t, websocket);
    assert.equal(listeners(), 1);
    const benThere = await servedBy(there, ben).connect(t, websocket);
    assert.equal(listeners(), 2);
    await annHere.send(chatId, 'both hear this');
    await benThere.heard('new_message');
    benThere.socket.disconnect();
    await eventually('nobody of it is there any more', () => listeners() === 1);
  }));
