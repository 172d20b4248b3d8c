// What an operator reads and sets: metrics, logs, the order of settings, who may read the files.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { projectRoot, runBinary, startServer, temporaryFolder } from './harness.mjs';
import { registerMany, request, words } from './people.mjs';

const minute = 60_000;

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

test('each limit in the guide of the Socket.IO server is a setting with its default and a metric', {
  timeout: minute,
}, async (t) => {
  const guide = readFileSync(path.join(projectRoot, 'docs/guides/socketio-server.md'), 'utf8');
  const limits = guide.slice(guide.indexOf('\n## Limits\n'));
  const rows = [
    ...limits.matchAll(/^\| `[^|]*\| `([a-z-]+)` \| (\S+) \| [^|]*\| (?:`([a-z_]+)` )?\|$/gm),
  ];
  assert.equal(rows.length, limits.split('\n').filter((line) => line.startsWith('| `')).length);
  const shown = runBinary(['check-config']).stdout;
  const server = await startServer(t);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  for (const [, setting, value, metric] of rows) {
    assert.match(shown, new RegExp(`^${setting} +${value} +\\(default\\)$`, 'm'));
    if (metric) assert.match(metrics, new RegExp(`^# TYPE knotos_${metric} counter$`, 'm'));
  }
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

test('the dashboard shows metrics that are there', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const metrics = parseMetrics(await (await fetch(`${server.url}/metrics`)).text());
  const names = new Set([...metrics.keys()].map((key) => key.replace(/\{.*/, '')));
  const file = path.join(projectRoot, 'docs/grafana/knotos.json');
  const { panels } = JSON.parse(readFileSync(file, 'utf8'));
  const asked = panels
    .flatMap(({ targets = [] }) => targets)
    .flatMap(({ expr }) => expr.match(/\b(knotos|process)_\w+/g) ?? []);
  assert.ok(asked.length > 30);
  for (const name of asked) assert.ok(names.has(name), `${name} is asked for and not there`);
});

test('the log is JSON where that is asked for', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--log-format', 'json'] });
  await request(server, 'GET', '/v1/me', { headers: { 'X-Request-Id': 'find-me-7' } });
  await server.stop();
  const lines = server.stderr.trim().split('\n').map((line) => JSON.parse(line));
  assert.ok(lines.length > 0);
  assert.match(server.stderr, /find-me-7/);
});

test('the data are their owner\'s alone', { timeout: minute }, async (t) => {
  const folder = path.join(temporaryFolder(t), 'data');
  await startServer(t, { dataDir: folder });
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(path.join(folder, 'jwt-secret')).mode & 0o777, 0o600);
});

test('a proxy that is trusted says for whom it asks', { timeout: minute }, async (t) => {
  const statuses = async (flags, addresses) => {
    const server = await startServer(t, { flags: ['--rate-auth', '2/60s', ...flags] });
    const answers = [];
    for (const address of addresses) {
      const headers = { 'X-Forwarded-For': address };
      const body = { username: 'nobody', password: 'wrong horse' };
      answers.push((await request(server, 'POST', '/v1/auth/login', { body, headers })).status);
    }
    return answers;
  };
  const addresses = ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2, 127.0.0.1'];
  const trusting = ['--trusted-proxies', '127.0.0.1'];
  assert.deepEqual(await statuses(trusting, addresses), [401, 401, 429, 401, 401]);
  assert.deepEqual(await statuses([], addresses), [401, 401, 429, 429, 429]);
  const bad = runBinary(['check-config', '--trusted-proxies', '127.0.0.1,nobody']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /'nobody' is no address and no network/);
});
