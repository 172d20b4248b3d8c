// A process on a bus that is a Redis Cluster.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startRedisCluster } from '../servers/redis.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { runBinary, startServer, temporaryFolder } from './harness.mjs';
import { registerMany } from './people.mjs';

const websocket = { transports: ['websocket'] };

test('chats and presence go on over a cluster, and on when a master was away', (t) =>
  orSkip(t, async () => {
    const cluster = await startRedisCluster(t);
    const server = await startServer(t, { flags: ['--bus', cluster.url] });
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const annSocket = await ann.connect(t, websocket);
    await annSocket.ask('presence_subscribe', { userIds: [ben.id] });
    const benSocket = await ben.connect(t, websocket);
    await annSocket.heard('presence_update', ({ state }) => state === 'online');
    assert.equal((await annSocket.send(chatId, 'hello')).ok, true);
    await benSocket.heard('new_message', ({ seq }) => seq === 1);

    const [, , third] = cluster.nodes;
    await third.kill();
    assert.deepEqual(await benSocket.heard('bus_degraded'), { reason: 'busUnavailable' });
    assert.equal((await annSocket.send(chatId, 'meanwhile')).ok, true);
    await benSocket.heard('new_message', ({ seq }) => seq === 2);
    await third.start();
    await benSocket.heard('bus_degraded', ({ reason }) => reason === 'restored', 30_000);
  }));

test('the doctor tries a cluster, too', (t) =>
  orSkip(t, async () => {
    const rule =
      'resetkeys ~presence:* ~rate:* resetchannels &channel:* -@all +ping +select +spublish ' +
      '+ssubscribe +sunsubscribe +cluster|slots +eval +hset +hdel +hgetall +pttl +pexpire +set ' +
      '+time';
    const user = ['--user', 'knotos', 'on', '>sesame', ...rule.split(' ')];
    const cluster = await startRedisCluster(t, user);
    const bus = cluster.url.replace('//', '//knotos:sesame@');
    const { code, stdout } = runBinary(['doctor', '--data-dir', temporaryFolder(t), '--bus', bus]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^good .*The bus redis-cluster:.* can be reached\.$/m);
    assert.doesNotMatch(stdout, /sesame/);
  }));
