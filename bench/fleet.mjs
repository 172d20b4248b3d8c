// What a second process is worth: `node bench/fleet.mjs gateways | hot-chat`. Prints one JSON object.
// MongoDB is the stand-in of the tests, in memory; Redis is Debian's.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  eventually,
  freePort,
  releaseBinary,
  startServer,
  temporaryFolder,
} from '../tests/e2e/harness.mjs';
import { registerMany } from '../tests/e2e/people.mjs';
import { runAlone } from '../tests/e2e/standalone.mjs';
import { startMongo } from '../tests/servers/mongo.mjs';
import { startRedis } from '../tests/servers/redis.mjs';

const clockTicks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

/** Starts processes that share a store, a bus and a key. */
async function startProcesses(t, count) {
  const redis = await startRedis(t);
  const mongo = await startMongo(t);
  const secret = path.join(temporaryFolder(t), 'jwt-secret');
  writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  const flags = ['--store', `${mongo.url}/knotos`, '--jwt-secret-file', secret, '--bus', redis.url];
  flags.push('--shards', '1', '--log-level', 'warning');
  const processes = [];
  for (let i = 0; i < count; i += 1) processes.push(await startServer(t, { flags }));
  return processes;
}

/** CPU seconds of all threads, the kernel's for it included. */
function cpuOf({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicks;
}

async function metric(server, name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^knotos_${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

const delivered = (server) => metric(server, 'server_packets_out_total');

/** Connections to the processes in turn. */
async function startProxy(t, processes) {
  const port = await freePort();
  const file = path.join(temporaryFolder(t), 'haproxy.cfg');
  const servers = processes.map(({ port: to }, i) => `  server s${i} 127.0.0.1:${to}`);
  const timeouts = ['connect', 'client', 'server'].map((each) => `  timeout ${each} 60s`);
  writeFileSync(
    file,
    ['defaults', '  mode tcp', '  maxconn 8000', ...timeouts, 'listen all', `  bind 127.0.0.1:${port}`,
      '  balance roundrobin', ...servers, ''].join('\n'),
  );
  const proxy = spawn('haproxy', ['-f', file], { stdio: 'ignore' });
  t.after(() => proxy.kill());
  await eventually('the proxy is there', () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(() => true, () => false));
  return port;
}

/** Deliveries to a room of 1,000 at 100 messages/s: what each process spends on its part. */
async function measureRoom(t, count) {
  const processes = await startProcesses(t, count);
  const port = await startProxy(t, processes);
  const bench = spawn(
    releaseBinary,
    ['bench', 'fanout', '--members', '1000', '--users', '8', '--rate', '100', '--seconds', '14',
      '--url', `http://127.0.0.1:${port}`, '--pid', String(processes[0].pid), '--json'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise((resolve) => bench.on('exit', resolve));
  const flows = async () => {
    const before = await delivered(processes[0]);
    await sleep(500);
    return (await delivered(processes[0])) - before > 10_000 / count;
  };
  await eventually('messages flow', flows, 60_000);
  await sleep(2_000);
  const read = () =>
    Promise.all(processes.map(async (each) => [cpuOf(each), await delivered(each)]));
  const began = Date.now();
  const before = await read();
  await sleep(6_000);
  const after = await read();
  const seconds = (Date.now() - began) / 1_000;
  assert.equal(await ended, 0, 'the load generator failed');
  return after.map(([cpu, packets], i) => ({
    core: (cpu - before[i][0]) / seconds,
    deliveriesPerSecond: Math.round((packets - before[i][1]) / seconds),
  }));
}

/** At the same load: by how much the busiest process has less to do than one alone. */
async function gateways() {
  const rounds = [];
  for (let round = 0; round < 3; round += 1) {
    const found = {};
    for (const count of [1, 2]) {
      await runAlone(async (t) => {
        found[count] = await measureRoom(t, count);
      });
    }
    const total = (figures) => figures.reduce((sum, each) => sum + each.deliveriesPerSecond, 0);
    const perCore = (figures) =>
      total(figures) / Math.max(...figures.map(({ core }) => core));
    rounds.push({ ...found, twoOverOne: perCore(found[2]) / perCore(found[1]) });
  }
  return rounds;
}

/** Sends to one chat by `atOnce` senders for each process, over REST. */
async function measureChat(t, count) {
  const processes = await startProcesses(t, count);
  const [ann, ben] = await registerMany(processes[0], 2);
  const chatId = await ann.direct(ben);
  const atOnce = 64;
  let isOver = false;
  let sent = 0;
  const send = async (server) => {
    while (!isOver) {
      const answer = await fetch(`${server.url}/v1/chats/${chatId}/messages`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${ann.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ type: 'text', content: 'hot' }),
      });
      assert.equal(answer.status, 201, await answer.text());
      sent += 1;
    }
  };
  const senders = processes.flatMap((each) => Array.from({ length: atOnce }, () => send(each)));
  await sleep(2_000);
  const before = sent;
  await sleep(6_000);
  const perSecond = (sent - before) / 6;
  isOver = true;
  await Promise.all(senders);
  const collisions = await Promise.all(
    processes.map((each) => metric(each, 'mongo_place_collisions_total')),
  );
  return { perSecond: Math.round(perSecond), sent, collisions };
}

async function hotChat() {
  const found = {};
  for (const count of [1, 2]) {
    await runAlone(async (t) => {
      found[count] = await measureChat(t, count);
    });
  }
  return found;
}

const scenarios = { gateways, 'hot-chat': hotChat };
const scenario = scenarios[process.argv[2]];
assert.ok(scenario, `one of ${Object.keys(scenarios).join(', ')}`);
console.log(JSON.stringify(await scenario(), null, 2));
