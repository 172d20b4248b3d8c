// A process on a bus that is a Redis Cluster.

import assert from 'node:assert/strict';
import test from 'node:test';

import { shardChannels, startRedisCluster } from '../servers/redis.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { makeCertificate } from './certificate.mjs';
import { runBinary, startServer, temporaryFolder } from './harness.mjs';
import { registerMany, request } from './people.mjs';

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

test('rediss-cluster:// goes over TLS to every master, and to none that it cannot trust', (t) =>
  orSkip(t, async () => {
    const folder = temporaryFolder(t);
    const tls = makeCertificate(folder, 'redis');
    const cluster = await startRedisCluster(t, { tls });
    const flags = ['--bus', cluster.url];
    const stranger = runBinary([
      ...['serve', '--listen', '127.0.0.1:0', '--data-dir', folder, ...flags],
    ]);
    assert.equal(stranger.code, 1, stranger.stderr);
    assert.match(stranger.stderr, /no TLS with it/);

    process.env.SSL_CERT_FILE = tls.certificate;
    t.after(() => delete process.env.SSL_CERT_FILE);
    const server = await startServer(t, { flags });
    const [ann, ben] = await registerMany(server, 2);
    const annSocket = await ann.connect(t, websocket);
    const benSocket = await ben.connect(t, websocket);
    // So many that each master has some of their channels.
    for (let count = 1; count <= 12; count += 1) {
      const chatId = await ann.group(`Group ${count}`, [ben]);
      assert.equal((await annSocket.send(chatId, 'sealed')).ok, true);
      await benSocket.heard('new_message', (message) => message.chatId === chatId);
    }
    const channels = cluster.nodes.map(shardChannels);
    assert.ok(channels.every((count) => count > 0), `channels: ${channels}`);
    assert.equal((await request(server, 'GET', '/readyz')).status, 200);
  }));

test('the doctor tries a cluster, too', (t) =>
  orSkip(t, async () => {
    const rule =
      'resetkeys ~presence:* ~rate:* resetchannels &channel:* -@all +ping +select +spublish ' +
      '+ssubscribe +sunsubscribe +cluster|slots +eval +hset +hdel +hgetall +pttl +pexpire +set ' +
      '+time';
    const user = ['--user', 'knotos', 'on', '>sesame', ...rule.split(' ')];
    const cluster = await startRedisCluster(t, { flags: user });
    const bus = cluster.url.replace('//', '//knotos:sesame@');
    const { code, stdout } = runBinary(['doctor', '--data-dir', temporaryFolder(t), '--bus', bus]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^good .*The bus redis-cluster:.* can be reached\.$/m);
    assert.doesNotMatch(stdout, /sesame/);
  }));
