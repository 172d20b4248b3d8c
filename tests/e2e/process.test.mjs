// The binary as those know it who run it: how it starts, what it refuses, how it ends.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Device } from './device.mjs';
import { eventually, freePort, runBinary, startServer, temporaryFolder } from './harness.mjs';
import { register, request } from './people.mjs';

/** It says one line on standard error, and nothing else, and exits with `code`. */
function assertOneLine(run, code, pattern) {
  assert.equal(run.code, code, run.stderr);
  const lines = run.stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !/ info | debug /.test(line));
  assert.equal(lines.length, 1, run.stderr);
  assert.match(lines[0], pattern);
}

test('a second process on the same data directory is refused', async (t) => {
  const server = await startServer(t);
  const run = runBinary(['serve', '--listen', '127.0.0.1:0', '--data-dir', server.dataDir]);
  assertOneLine(run, 1, /^knotos: the data directory .* is in use by another knotos$/);
});

test('a port in use is one line', async (t) => {
  const server = await startServer(t);
  const run = runBinary([
    'serve',
    '--listen',
    `127.0.0.1:${server.port}`,
    '--data-dir',
    temporaryFolder(t),
  ]);
  assertOneLine(run, 1, /^knotos: cannot listen on 127\.0\.0\.1:\d+: Address already in use$/);
});

test('what it does not understand is a usage error', () => {
  assertOneLine(runBinary(['serve', '--no-such-flag']), 2, /--no-such-flag/);
  assertOneLine(runBinary(['no-such-command']), 2, /^knotos: /);
  assertOneLine(runBinary([]), 2, /^knotos: /);
  const help = runBinary(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /serve/);
  assert.match(runBinary(['version']).stdout, /^knotos \d+\.\d+\.\d+\n$/);
});

test('bad values are named by name and place', (t) => {
  assertOneLine(
    runBinary(['serve', '--shards', 'many']),
    1,
    /--shards: 'many' for shards: must be a whole number/,
  );
  const file = path.join(temporaryFolder(t), 'knotos.toml');
  writeFileSync(file, 'listen = "127.0.0.1:1"\nrate-messages = "often"\n');
  const run = runBinary(['check-config', '--config', file], { env: { KNOTOS_DRAIN_MS: '5' } });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /knotos\.toml, line 2: 'often' for rate-messages/);
  assert.match(run.stdout, /^listen +127\.0\.0\.1:1 +.*knotos\.toml, line 1$/m);
  assert.match(run.stdout, /^drain-ms +5 +KNOTOS_DRAIN_MS in the environment$/m);
  assert.match(run.stdout, /^shards +0 +\(default\)$/m);
  assertOneLine(runBinary(['serve', '--config', '/nowhere/knotos.toml']), 1, /nowhere/);
  assertOneLine(
    runBinary(['serve', '--data-dir', '/proc/knotos']),
    1,
    /^knotos: cannot make the data directory/,
  );
  const wrong = runBinary(['serve', '--store', 'mysql://localhost']);
  assertOneLine(wrong, 1, /it is sqlite, or a URL mongodb:/);
  const keyless = runBinary(['serve', '--store', 'mongodb://localhost']);
  assertOneLine(keyless, 1, /--jwt-secret-file/);
});

test('a key file that others may read is refused', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'key');
  writeFileSync(file, 'x'.repeat(64), { mode: 0o644 });
  const run = runBinary([
    'serve',
    '--data-dir',
    path.join(folder, 'data'),
    '--jwt-secret-file',
    file,
  ]);
  assertOneLine(run, 1, /^knotos: .*key/);
});

test('health, readiness, version and metrics', async (t) => {
  const server = await startServer(t);
  for (const where of ['/healthz', '/readyz', '/version']) {
    assert.equal((await request(server, 'GET', where)).status, 200, where);
  }
  const metrics = await request(server, 'GET', '/metrics');
  assert.equal(metrics.status, 200);
  for (const line of metrics.body.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[^}]*\})? -?[0-9.e+-]+)$/);
  }
  assert.match(metrics.body, /^knotos_http_requests_total \d+$/m);
});

test('SIGTERM drains: told, acked, flushed, exit 0; clients come back', async (t) => {
  const server = await startServer(t);
  const ann = await register(server, 'ann');
  const ben = await register(server, 'ben');
  const chatId = await ann.direct(ben);
  const device = new Device(ann);
  const other = new Device(ben, { transports: ['polling'] });
  t.after(() => [device, other].forEach((each) => each.close()));
  const heard = [];
  for (const each of [device, other]) {
    each.socket.on('server_draining', (data) => heard.push(data));
    await eventually('connected', () => each.socket.connected);
  }
  const reasons = [];
  device.socket.on('disconnect', (reason) => reasons.push(reason));
  const sends = Array.from({ length: 40 }, (_, i) => device.send(chatId, `in flight ${i}`));
  Promise.all(sends).catch(() => {}); // Looked at below; a failure before that is told there.
  await sleep(5);
  server.signal('SIGTERM');
  assert.deepEqual(await server.exit(), { code: 0, signal: null }, server.stderr.slice(-2000));
  server.assertCleanLog();
  await eventually('both were told', () => heard.length === 2);
  for (const { retryAfterMs } of heard) assert.ok(retryAfterMs >= 1_000 && retryAfterMs <= 1_500);
  await eventually('the link is gone', () => reasons.length > 0);
  assert.deepEqual(reasons, ['transport close'], 'a DISCONNECT would keep the client away');
  await server.start();
  const acked = await Promise.all(sends);
  const history = await ann.history(chatId);
  assert.equal(history.length, 40);
  assert.deepEqual(
    new Set(history.map((message) => message.id)),
    new Set(acked.map((ack) => ack.messageId)),
  );
  await eventually('both have all of it', () =>
    [device, other].every((each) => each.chats.get(chatId)?.messages.size === 40),
  );
});

test('SIGINT twice ends at once', async (t) => {
  const server = await startServer(t, { flags: ['--drain-ms', '60000'] });
  const ann = await register(server, 'ann');
  // A poll that is under way, of a client that never comes back: the drain would wait to flush it.
  await ann.connect(t, { transports: ['polling'] });
  server.signal('SIGINT');
  server.signal('SIGINT');
  const how = await server.exit();
  assert.ok(how.code === 130 || how.code === 0, JSON.stringify(how));
});

// The library for MongoDB shares its counters in a file named by the process, from its loading on.
test('what another of the same id left in shared memory is no trouble', (t) => {
  const left = [];
  t.after(() => left.forEach((file) => rmSync(file, { force: true })));
  for (let next = process.pid + 1; next < process.pid + 1000; next += 1) {
    const file = `/dev/shm/mongoc-${next}`;
    if (existsSync(file)) continue;
    writeFileSync(file, '');
    left.push(file);
  }
  assert.equal(runBinary(['version']).stderr, '');
});

test('a process that is killed leaves nothing in shared memory', async (t) => {
  const server = await startServer(t);
  const { pid } = server;
  await server.kill();
  assert.deepEqual(
    readdirSync('/dev/shm').filter((name) => name.endsWith(`-${pid}`)),
    [],
  );
});

test('a restart keeps sessions, chats and keys', async (t) => {
  const server = await startServer(t);
  const ann = await register(server, 'ann');
  const ben = await register(server, 'ben');
  const chatId = await ann.direct(ben);
  await ann.post(chatId, 'before');
  await server.stop();
  await server.start();
  assert.equal((await ann.history(chatId)).length, 1);
  const refreshed = await request(server, 'POST', '/v1/auth/refresh', {
    body: { refreshToken: ann.refreshToken },
  });
  assert.equal(refreshed.status, 200);
});

test('it listens where it is told, and on a free port for port 0', async (t) => {
  const port = await freePort();
  const server = await startServer(t, { port });
  assert.match(server.stderr, new RegExp(`ready listen=127\\.0\\.0\\.1:${port}`));
});
