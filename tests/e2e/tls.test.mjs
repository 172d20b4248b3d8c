// TLS: the official client over https and wss, what is refused, and a new certificate on SIGHUP.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { io } from 'socket.io-client';

import { makeCertificate } from './certificate.mjs';
import { eventually, runBinary, startServer, temporaryFolder } from './harness.mjs';
import { frame, openTcp, upgradeRequest } from './raw.mjs';

const password = 'pass-mark-q7 correct horse';

async function startTls(t, flags = []) {
  const folder = temporaryFolder(t);
  const files = makeCertificate(folder, 'first');
  const server = await startServer(t, {
    scheme: 'https',
    flags: ['--shards', '2', '--tls-cert', files.certificate, '--tls-key', files.key, ...flags],
  });
  return { server, folder, files, ca: readFileSync(files.certificate) };
}

/** A REST request whose answer is JSON. */
async function call({ server, ca }, method, target, { token, body } = {}) {
  const request = https.request(`${server.url}${target}`, {
    method,
    ca,
    agent: false,
    headers: {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
  });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  assert.ok(response.statusCode < 300, `${response.statusCode} ${text}`);
  return JSON.parse(text);
}

async function register(world, username) {
  const made = await call(world, 'POST', '/v1/auth/register', { body: { username, password } });
  return { id: made.user.id, token: made.accessToken };
}

async function connect(t, world, person, options = {}) {
  const socket = io(world.server.url, {
    ca: world.ca,
    auth: { token: person.token },
    forceNew: true,
    reconnection: false,
    ...options,
  });
  t.after(() => socket.disconnect());
  const received = [];
  socket.on('new_message', (message) => received.push(message.content));
  socket.on('connect_error', (error) => assert.fail(`${error.message} ${error.description ?? ''}`));
  await once(socket, 'session_ready');
  return Object.assign(socket, { received });
}

function direct(world, from, to) {
  return call(world, 'POST', '/v1/chats', {
    token: from.token,
    body: { type: 'direct', userId: to.id },
  });
}

const send = (socket, chatId, content) =>
  socket.emitWithAck('send_message', {
    chatId,
    type: 'text',
    content,
    clientMessageId: crypto.randomUUID(),
  });

test('the official client speaks over https and wss, by every transport', async (t) => {
  const world = await startTls(t);
  const ann = await register(world, 'ann');
  const ben = await register(world, 'ben');
  const chat = await direct(world, ann, ben);
  // Several, so that connections and sessions meet on one shard and on two.
  for (const [n, options] of [
    { transports: ['polling'] },
    { transports: ['websocket'] },
    {},
    { transports: ['websocket', 'polling'] },
    {},
    {},
  ].entries()) {
    const one = await connect(t, world, ann, options);
    const other = await connect(t, world, ben, options);
    if (!options.transports) {
      await eventually('it is upgraded', () => one.io.engine.transport.name === 'websocket');
    }
    const content = `by way ${n} `.padEnd(4_000, 'ü');
    const receipt = await send(one, chat.id, content);
    assert.equal(receipt.ok, true, JSON.stringify(receipt));
    await eventually('it arrives', () => other.received.includes(content));
    one.disconnect();
    other.disconnect();
  }
});

test('many large messages reach many links, each whole and in order', async (t) => {
  const world = await startTls(t);
  const ann = await register(world, 'ann');
  const ben = await register(world, 'ben');
  const chat = await direct(world, ann, ben);
  const writer = await connect(t, world, ann);
  const readers = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      connect(t, world, ben, { transports: [n % 3 === 0 ? 'polling' : 'websocket'] }),
    ),
  );
  const contents = Array.from({ length: 200 }, (_, n) => `${n} `.padEnd(3_900, 'x'));
  for (let at = 0; at < contents.length; at += 20) {
    await Promise.all(contents.slice(at, at + 20).map((each) => send(writer, chat.id, each)));
  }
  for (const reader of readers) {
    await eventually('all have arrived', () => reader.received.length >= contents.length, 30_000);
    assert.deepEqual([...reader.received].sort(), [...contents].sort());
  }
  const [first, ...others] = readers;
  for (const reader of others) assert.deepEqual(reader.received, first.received);
});

/** A WebSocket link over TLS that reads only when told to. */
async function openRaw(t, world, person) {
  const socket = tls.connect({ port: world.server.port, host: '127.0.0.1', ca: world.ca });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(upgradeRequest());
  socket.write(frame(`40${JSON.stringify({ token: person.token })}`));
  return socket;
}

test('a link that does not read for a while gets all of it when it reads on', async (t) => {
  const world = await startTls(t, ['--outbox-bytes-max', '100000000']);
  const ann = await register(world, 'ann');
  const ben = await register(world, 'ben');
  const chat = await direct(world, ann, ben);
  const writer = await connect(t, world, ann);
  const raw = await openRaw(t, world, ben);
  let text = '';
  raw.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  await eventually('it is there', () => text.includes('session_ready'));
  raw.pause();
  const count = 1_500;
  for (let n = 0; n < count; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, m) => send(writer, chat.id, `<${n + m}>`.padEnd(3_900, 'y'))),
    );
  }
  raw.resume();
  const seen = () => new Set([...text.matchAll(/<(\d+)>y/g)].map((match) => match[1])).size;
  await eventually('all have arrived', () => seen() === count, 30_000);
});

test('what is no TLS, or too old, is closed', async (t) => {
  const world = await startTls(t);
  const plain = await openTcp(world.server);
  plain.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let answer = '';
  plain.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk;
  });
  await once(plain, 'close');
  assert.doesNotMatch(answer, /HTTP/);

  const attempt = (options) =>
    new Promise((resolve) => {
      const socket = tls.connect({
        ...{ port: world.server.port, host: '127.0.0.1', ca: world.ca, ...options },
      });
      socket.on('secureConnect', () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
      socket.on('error', () => resolve('refused'));
    });
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  assert.equal(await attempt(old), 'refused');
  assert.equal(await attempt({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }), 'refused');
  assert.equal(await attempt({ maxVersion: 'TLSv1.2' }), 'TLSv1.2');
  assert.equal(await attempt({}), 'TLSv1.3');
});

test('a peer that begins no handshake, or does not go on with it, is closed', async (t) => {
  const world = await startTls(t, ['--tls-handshake-timeout-ms', '300']);
  for (const bytes of ['', '\x16\x03\x01\x02\x00\x01']) {
    const silent = await openTcp(world.server);
    if (bytes) silent.write(Buffer.from(bytes, 'latin1'));
    silent.resume();
    await once(silent, 'close');
  }
  assert.equal((await register(world, 'ann')).id.length > 0, true);
});

test('the end of a response is said, so that it cannot be cut short unseen', async (t) => {
  const world = await startTls(t);
  const run = spawnSync(
    'openssl',
    [
      ...['s_client', '-connect', `127.0.0.1:${world.server.port}`, '-quiet', '-verify_quiet'],
      ...['-CAfile', world.files.certificate, '-alpn', 'h2,http/1.1'],
    ],
    { input: 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', timeout: 10_000 },
  );
  assert.match(String(run.stdout), /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(String(run.stderr), /unexpected eof/);
});

/** The name that the server shows to a new connection. */
async function shownName(world) {
  const socket = tls.connect({
    port: world.server.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

test('SIGHUP loads a new certificate, and no link hears of it', async (t) => {
  const world = await startTls(t);
  const ann = await register(world, 'ann');
  const ben = await register(world, 'ben');
  const chat = await direct(world, ann, ben);
  const links = [await connect(t, world, ann), await connect(t, world, ben)];
  assert.equal(await shownName(world), 'first');

  const second = makeCertificate(world.folder, 'second');
  copyFileSync(second.certificate, world.files.certificate);
  copyFileSync(second.key, world.files.key);
  world.server.signal('SIGHUP');
  await eventually('the new one is shown', async () => (await shownName(world)) === 'second');

  // Rubbish leaves what is there, and says so in one line.
  writeFileSync(world.files.certificate, 'rubbish\n');
  world.server.signal('SIGHUP');
  await eventually('it is said', () => /stays as it was/.test(world.server.stderr));
  const said = world.server.stderr.split('\n').filter((line) => line.includes('stays as it was'));
  assert.equal(said.length, 1);
  assert.match(said[0], /no certificate in PEM/);
  assert.equal(await shownName(world), 'second');

  assert.equal((await send(links[0], chat.id, 'still here')).ok, true);
  await eventually('it arrives', () => links[1].received.includes('still here'));
});

test('SIGHUP without TLS changes nothing', async (t) => {
  const server = await startServer(t);
  server.signal('SIGHUP');
  await eventually('it is said', () => /SIGHUP/.test(server.stderr));
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test('what cannot be used is said in one line at the start', (t) => {
  const folder = temporaryFolder(t);
  const one = makeCertificate(folder, 'one');
  const other = makeCertificate(folder, 'other');
  const none = path.join(folder, 'none.pem');
  for (const [flags, pattern] of [
    [['--tls-cert', one.certificate], /^knotos: --tls-cert: tls-cert needs tls-key beside it$/],
    [['--tls-key', one.key], /^knotos: --tls-key: tls-key needs tls-cert beside it$/],
    [['--tls-cert', none, '--tls-key', one.key], /cannot read the TLS certificate '.*none\.pem'/],
    [['--tls-cert', one.certificate, '--tls-key', none], /cannot read the TLS key '.*none\.pem'/],
    [['--tls-cert', one.certificate, '--tls-key', other.key], /does not match the certificate/],
  ]) {
    const run = runBinary([
      ...['serve', '--listen', '127.0.0.1:0', '--data-dir', path.join(folder, 'data'), ...flags],
    ]);
    assert.equal(run.code, 1);
    const lines = run.stderr.trimEnd().split('\n');
    assert.equal(lines.length, 1, run.stderr);
    assert.match(lines[0], pattern);
  }
});
