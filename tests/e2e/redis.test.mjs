// A process on a Redis bus: what strangers publish, an outage, and what is refused at start. Two
// processes on one bus are in tests/fault and tests/integration/redis.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { io } from 'socket.io-client';

import { startRedis, tlsFlags } from '../servers/redis.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { makeCertificate } from './certificate.mjs';
import {
  eventually, freePort, projectRoot, runBinary, startServer, temporaryFolder,
} from './harness.mjs';
import { Connection, registerMany, request } from './people.mjs';

const websocket = { transports: ['websocket'] };

/** Publishes as anybody could: `publish(channel, text)`. */
async function stranger(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  t.after(() => socket.destroy());
  return async (channel, text) => {
    const words = ['PUBLISH', channel, text].map((word) => Buffer.from(word));
    const parts = words.flatMap((word) => [`$${word.length}\r\n`, word, '\r\n']);
    const command = [`*${words.length}\r\n`, ...parts];
    socket.write(Buffer.concat(command.map((part) => Buffer.from(part))));
    await once(socket, 'data');
  };
}

/** A socket that may hear what is described nowhere. */
async function openPlain(t, server, person) {
  const socket = io(server.url, { ...websocket, auth: { token: person.token }, forceNew: true });
  t.after(() => socket.disconnect());
  const connection = new Connection(socket);
  await connection.heard('session_ready');
  return connection;
}

async function serverOnRedis(t) {
  const redis = await startRedis(t);
  const server = await startServer(t, { flags: ['--bus', redis.url] });
  return { redis, server };
}

test('what strangers publish is relayed, and nonsense harms nobody', (t) =>
  orSkip(t, async () => {
    const { redis, server } = await serverOnRedis(t);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const benSocket = await openPlain(t, server, ben);
    const publish = await stranger(t, redis.port);
    const chat = `channel:chat:${chatId}`;

    const nonsense = [
      '', 'null', '[]', '{', '{"event":"x"}', '{"event":{},"data":1}', '{"data":{}}',
      '{"event":"connect","data":{}}', '{"event":"disconnect","data":{}}',
      '{"event":"x","data":1e999}', '{"event":"x","data":{},"rev":-1}',
      `{"event":"x","data":${'['.repeat(100_000)}`, 'x'.repeat(3_000_000),
      '{"event":"new_message","data":{},"rev":1,"knotos":{}}', '{"event":"x","data":{},"knotos":3}',
      '{"event":"new_message","data":{"content":"forged"},"rev":1}',
      '{"event":"new_message","data":{"content":"forged"},"rev":9007199254740991}',
    ];
    for (const text of nonsense) await publish(chat, text);
    await publish(chat, Buffer.from([0x93, 0xff, 0x00, 0xc1]));
    await publish(`channel:user:${ben.id}`, '{"event":"session_revoked","data":{},"knotos":{}}');
    await publish(chat, '{"event":"poll","data":{"question":"Lunch?","votes":[1,2]}}');
    await publish(`channel:user:${ben.id}`, '{"event":"nudge","data":"you"}');

    assert.deepEqual(await benSocket.heard('poll'), { question: 'Lunch?', votes: [1, 2] });
    assert.equal(await benSocket.heard('nudge'), 'you');
    await ann.post(chatId, 'real');
    const message = await benSocket.heard('new_message');
    assert.equal(message.rev, 1);
    const names = new Set(benSocket.events.map(({ name }) => name));
    assert.deepEqual([...names].sort(), ['new_message', 'nudge', 'poll', 'session_ready']);
  }));

test('without Redis sends are acked and delivered, and clients are told how it stands', (t) =>
  orSkip(t, async () => {
    const { redis, server } = await serverOnRedis(t);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const annSocket = await ann.connect(t, websocket);
    const benSocket = await ben.connect(t, websocket);

    await redis.kill();
    assert.deepEqual(await benSocket.heard('bus_degraded'), { reason: 'busUnavailable' });
    assert.equal((await annSocket.send(chatId, 'alone')).ok, true);
    await benSocket.heard('new_message', ({ seq }) => seq === 1);
    const late = await (await ben.anotherDevice()).connect(t, websocket);
    await late.heard('bus_degraded');
    assert.equal((await annSocket.send(chatId, 'still alone')).ok, true);
    await late.heard('new_message', ({ seq }) => seq === 2);

    await redis.start();
    for (const socket of [annSocket, benSocket, late]) {
      await socket.heard('bus_degraded', ({ reason }) => reason === 'restored');
    }
    const publish = await stranger(t, redis.port);
    await publish(`channel:chat:${chatId}`, '{"event":"new_message","data":{},"rev":77}');
    assert.equal((await annSocket.send(chatId, 'together')).ok, true);
    await benSocket.heard('new_message', ({ seq }) => seq === 3);
  }));

test('presence is kept in Redis', (t) =>
  orSkip(t, async () => {
    const { server } = await serverOnRedis(t);
    const [ann, ben] = await registerMany(server, 2);
    const annSocket = await ann.connect(t, websocket);
    const asked = await annSocket.ask('presence_subscribe', { userIds: [ben.id] });
    assert.equal(asked.states[0].state, 'offline');
    await ben.connect(t, websocket);
    await annSocket.heard('presence_update', ({ state }) => state === 'online');
  }));

test('rediss:// speaks TLS with a server whose certificate is known, and with no other', (t) =>
  orSkip(t, async () => {
    const folder = temporaryFolder(t);
    const { certificate, key } = makeCertificate(folder, 'redis');
    const port = await freePort();
    await startRedis(t, tlsFlags({ certificate, key }, port));
    const flags = ['--bus', `rediss://127.0.0.1:${port}`];

    const stranger = runBinary([
      ...['serve', '--listen', '127.0.0.1:0', '--data-dir', folder, ...flags],
    ]);
    assert.equal(stranger.code, 1, stranger.stderr);
    assert.match(stranger.stderr, /no TLS with it/);

    process.env.SSL_CERT_FILE = certificate;
    t.after(() => delete process.env.SSL_CERT_FILE);
    const server = await startServer(t, { flags });
    const [ann, ben] = await registerMany(server, 2);
    const annSocket = await ann.connect(t, websocket);
    const benSocket = await ben.connect(t, websocket);
    assert.equal((await annSocket.send(await ann.direct(ben), 'sealed')).ok, true);
    await benSocket.heard('new_message');
  }));

test('what cannot work is refused at start in one line, without its secrets', (t) =>
  orSkip(t, async () => {
    const redis = await startRedis(t, ['--requirepass', 'sesame']);
    const dead = await freePort();
    const refused = (flags, pattern) => {
      const dataDir = temporaryFolder(t);
      const place = ['--listen', '127.0.0.1:0', '--data-dir', dataDir];
      const run = runBinary(['serve', '--log-level', 'warning', ...place, ...flags]);
      assert.equal(run.code, 1, run.stderr);
      assert.equal(run.stderr.trimEnd().split('\n').length, 1, run.stderr);
      assert.match(run.stderr, pattern);
      assert.doesNotMatch(run.stderr, /hunter2/);
    };
    const address = `127.0.0.1:${redis.port}`;
    refused(['--bus', `redis://:hunter2@${address}`], /WRONGPASS|invalid password/);
    refused(['--bus', `redis://${address}`], /NOAUTH/);
    refused(['--bus', `redis://127.0.0.1:${dead}`], /could not be reached/);
    refused(['--bus', `rediss://:hunter2@${address}`], /TLS/);
    refused(['--bus', 'redis://:hunter2@'], /names no host/);
    refused(['--bus', 'kafka://:hunter2@host'], /redis:\/\//);
    refused(['--role', 'api'], /need a bus/);
    refused(['--role', 'gateway', '--bus', `redis://:sesame@${address}`], /store that processes/);
    refused(['--role', 'clown'], /all, api or gateway/);
  }));

test('a password in the URL is neither shown nor logged', (t) =>
  orSkip(t, async () => {
    const redis = await startRedis(t, ['--requirepass', 'sesame']);
    const url = `redis://:sesame@127.0.0.1:${redis.port}`;
    const shown = runBinary(['check-config', '--bus', url]);
    assert.match(shown.stdout, /redis:\/\/\*\*\*@127/);
    assert.doesNotMatch(shown.stdout, /sesame/);
    const server = await startServer(t, { flags: ['--bus', url] });
    server.keepSecret('sesame');
    const ready = await request(server, 'GET', '/readyz');
    assert.equal(ready.status, 200);
    await eventually('the log', () => server.stderr.includes('ready'));
  }));

/** What `knotos doctor` says of this bus: `{code, lines}`. */
function examineBus(t, url) {
  const flags = ['--data-dir', temporaryFolder(t), '--bus', url];
  const { code, stdout, stderr } = runBinary(['doctor', ...flags]);
  assert.doesNotMatch(stdout + stderr, /sesame/);
  return { code, said: stdout };
}

test('the doctor tries the bus, and says what its user may not do', (t) =>
  orSkip(t, async () => {
    const free = await startRedis(t);
    const well = examineBus(t, free.url);
    assert.equal(well.code, 0, well.said);
    assert.match(well.said, /^good .*redis:\/\/127\.0\.0\.1:\d+ can be reached\.$/m);
    assert.match(well.said, /^good .*Redis is of version \d+\.\d+/m);

    const guide = readFileSync(path.join(projectRoot, 'docs/guides/scale-out.md'), 'utf8');
    const [, rule] = /^user knotos on >PASSWORD (.*)$/m.exec(guide);
    const tried = async (words) => {
      const users = ['--user', 'default', 'off', '--user', 'knotos', 'on', '>sesame'];
      const guarded = await startRedis(t, [...users, ...words]);
      return examineBus(t, guarded.url.replace('//', '//knotos:sesame@'));
    };
    const asWritten = await tried(rule.split(' '));
    assert.equal(asWritten.code, 0, asWritten.said);
    for (const [without, complaint] of [
      ['+publish', /^bad .*bus carries nothing/m],
      ['+subscribe', /^bad .*bus carries nothing/m],
      ['~presence:*', /^bad .*Presence cannot be kept/m],
      ['+set', /^bad .*Rates of users cannot be counted/m],
    ]) {
      const less = await tried(rule.split(' ').filter((word) => word !== without));
      assert.equal(less.code, 1, without);
      assert.match(less.said, complaint);
      assert.equal(less.said.match(/^bad /gm).length, 1, less.said);
    }
    await free.kill();
    const away = examineBus(t, free.url);
    assert.equal(away.code, 1);
    assert.match(away.said, /^bad .*could not be reached/m);
  }));
