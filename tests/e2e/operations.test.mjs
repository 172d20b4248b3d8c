// What an operator sees: the command line, exit codes, health, metrics, logs.

import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';

import { freePort, runBinary, startServer, temporaryFolder } from './harness.mjs';
import { registerMany, request, words } from './people.mjs';

const minute = 60_000;

function assertOneClearLine(run, code, mention) {
  assert.equal(run.code, code, run.stderr);
  const lines = run.stderr.trim().split('\n');
  assert.equal(lines.length, 1, run.stderr);
  assert.match(lines[0], mention);
  assert.doesNotMatch(lines[0], /terminate|exception|0x[0-9a-f]{6}/i);
}

test('a flag that is not known is a usage error', { timeout: minute }, () => {
  const run = runBinary(['serve', '--no-such-flag']);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /--no-such-flag/);
  assert.equal(runBinary(['no-such-command']).code, 2);
});

test('help and version answer on standard output', { timeout: minute }, () => {
  const help = runBinary(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /serve/);
  assert.match(runBinary(['serve', '--help']).stdout, /--listen/);
  const version = runBinary(['version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /\d+\.\d+\.\d+/);
});

test('a port in use is one line and exit code 1', { timeout: minute }, async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const address = `127.0.0.1:${other.address().port}`;
  const run = runBinary(['serve', '--listen', address, '--data-dir', temporaryFolder(t),
    '--log-level', 'error']);
  assertOneClearLine(run, 1, new RegExp(`${other.address().port}`));
});

test('a second process on the same data is refused', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const run = runBinary(['serve', '--listen', `127.0.0.1:${await freePort()}`,
    '--data-dir', server.dataDir, '--log-level', 'error']);
  assertOneClearLine(run, 1, new RegExp(server.dataDir));
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test('a data directory that cannot be had is one line and exit code 1', { timeout: minute },
  async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'a-file');
    writeFileSync(file, 'x');
    const run = runBinary(['serve', '--listen', `127.0.0.1:${await freePort()}`, '--data-dir',
      path.join(file, 'data'), '--log-level', 'error']);
    assertOneClearLine(run, 1, /a-file/);
  });

test('check-config says what is wrong, by name and place', { timeout: minute }, (t) => {
  const folder = temporaryFolder(t);
  const good = path.join(folder, 'good.toml');
  writeFileSync(good, 'listen = "127.0.0.1:9090"\nshards = 2\nrate-messages = "20/10s"\n');
  assert.equal(runBinary(['check-config', '--config', good]).code, 0);
  const rows = [
    ['shards = "many"\n', /shards/, /:1|line 1/], ['listen = "nowhere"\n', /listen/, /./],
    ['# fine\nno-such-key = 1\n', /no-such-key/, /:2|line 2/],
    ['listen = \n', /./, /:1|line 1/], ['rate-messages = "20"\n', /rate-messages/, /./],
  ];
  for (const [toml, name, place] of rows) {
    const file = path.join(folder, 'bad.toml');
    writeFileSync(file, toml);
    const run = runBinary(['check-config', '--config', file]);
    assert.notEqual(run.code, 0, toml);
    assert.match(run.stderr, name);
    assert.match(run.stderr, place);
  }
  assertOneClearLine(runBinary(['check-config', '--config', path.join(folder, 'none.toml')]),
    1, /none\.toml/);
});

test('a flag wins over the environment, the environment over the file', { timeout: minute },
  (t) => {
    const file = path.join(temporaryFolder(t), 'knotos.toml');
    writeFileSync(file, 'shards = 2\n');
    const bad = { KNOTOS_SHARDS: 'many' };
    assert.equal(runBinary(['check-config', '--config', file]).code, 0);
    const run = runBinary(['check-config', '--config', file], { env: bad });
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, /KNOTOS_SHARDS/);
    assert.equal(runBinary(['check-config', '--config', file, '--shards', '3'], { env: bad }).code,
      0);
  });

test('health, readiness and version answer', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  assert.equal((await request(server, 'GET', '/healthz')).status, 200);
  assert.equal((await request(server, 'GET', '/readyz')).status, 200);
  const version = await request(server, 'GET', '/version');
  assert.equal(version.status, 200);
  assert.match(JSON.stringify(version.body), /\d+\.\d+\.\d+/);
});

/** Metrics by name and labels; fails on a line that Prometheus would not read. */
function parseMetrics(text) {
  const samples = new Map();
  const types = new Map();
  const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$/;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]), `${type[1]} is declared twice`);
      types.set(type[1], type[2]);
      continue;
    }
    const match = sample.exec(line);
    assert.ok(match, `no metric: ${line}`);
    const key = match[1] + (match[2] ?? '');
    assert.ok(!samples.has(key), `${key} is there twice`);
    assert.ok(Number.isFinite(Number(match[3])), line);
    samples.set(key, Number(match[3]));
  }
  for (const [key, value] of samples) {
    const base = key.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(base) || types.has(key.replace(/\{.*/, '')), `${key} has no type`);
    if (types.get(base) === 'counter') assert.ok(value >= 0);
  }
  return samples;
}

test('metrics are in the format of Prometheus and count', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const read = async () => {
    const answer = await fetch(`${server.url}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^text\/plain/);
    return parseMetrics(await answer.text());
  };
  const before = await read();
  await ben.connect(t);
  for (let i = 0; i < 5; i += 1) await ann.post(chatId, words(`${i}`));
  const after = await read();
  assert.ok([...after.keys()].every((key) => !key.includes(chatId) && !key.includes(ann.id)),
    'no label grows with the users');
  const risen = [...after].filter(([key, value]) => value - (before.get(key) ?? 0) >= 5);
  assert.ok(risen.some(([key]) => /^knotos_/.test(key)), 'five messages are counted somewhere');
});

test('the log is JSON where that is asked for', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--log-format', 'json'] });
  await request(server, 'GET', '/v1/me', { headers: { 'X-Request-Id': 'find-me-7' } });
  await server.stop();
  const lines = server.stderr.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.length > 0);
  assert.match(server.stderr, /find-me-7/);
});

test('the key and the database are the owner\'s alone', { timeout: minute }, async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  const server = await startServer(t, { dataDir: folder });
  const { readdirSync } = await import('node:fs');
  for (const name of readdirSync(folder)) {
    const mode = statSync(path.join(folder, name)).mode & 0o777;
    assert.equal(mode & 0o077, 0, `${name}: ${mode.toString(8)}`);
  }
  assert.equal(server.isRunning, true);
});

test('tokens outlive a restart', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann] = await registerMany(server, 1);
  await server.stop();
  await server.start();
  assert.equal((await ann.ask('GET', '/v1/me')).id, ann.id);
});
