// Redis, from Debian's package.

import { spawnSync } from 'node:child_process';

import { eventually, freePort, temporaryFolder } from '../e2e/harness.mjs';
import { NotToBeHad, ServerProcess } from './server_process.mjs';

/** One that keeps nothing, gone after the test: a ServerProcess with `port` and `url`. */
export async function startRedis(t, flags = []) {
  if (spawnSync('redis-server', ['--version']).error) {
    throw new NotToBeHad('redis-server is not installed');
  }
  const port = await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = new ServerProcess({
    command: 'redis-server',
    args: [...fixed, ...flags],
    sign: /Ready to accept connections/,
    options: { cwd: temporaryFolder(t) },
  });
  t.after(() => redis.kill());
  await redis.start();
  return Object.assign(redis, { port, url: `redis://127.0.0.1:${port}` });
}

/** What redis-cli prints. */
function askRedis(redis, ...words) {
  const asked = spawnSync('redis-cli', ['-p', String(redis.port), ...words], { encoding: 'utf8' });
  return asked.stdout;
}

/** How many connections listen to a channel. */
export function listenersTo(redis, channel) {
  return Number(askRedis(redis, 'PUBSUB', 'NUMSUB', channel).split('\n')[1]);
}

/** To how many channels of sharded pub/sub somebody listens at a node. */
export function shardChannels(redis) {
  return askRedis(redis, 'PUBSUB', 'SHARDCHANNELS').split('\n').filter(Boolean).length;
}

/** A cluster of three masters: `{nodes, url}`; over TLS where there is a certificate. */
export async function startRedisCluster(t, { flags = [], tls } = {}) {
  const ranges = [[0, 5460], [5461, 10922], [10923, 16383]];
  const nodes = [];
  for (const [at, range] of ranges.entries()) {
    const busPort = String(await freePort());
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', busPort];
    const tlsPort = tls && (await freePort());
    const sealed = tls ? ['--tls-cluster', 'yes', ...tlsFlags(tls, tlsPort)] : [];
    const node = await startRedis(t, [...cluster, ...sealed, ...flags]);
    node.clusterPort = tlsPort ?? node.port;
    nodes.push(node);
    askRedis(node, 'CLUSTER', 'ADDSLOTSRANGE', ...range.map(String));
    askRedis(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
    if (at === 0) continue;
    askRedis(nodes[0], 'CLUSTER', 'MEET', '127.0.0.1', String(node.clusterPort), busPort);
  }
  const whole = /cluster_state:ok[^]*cluster_known_nodes:3/;
  const isWhole = (node) => whole.test(askRedis(node, 'CLUSTER', 'INFO'));
  await eventually('the cluster is whole', () => nodes.every(isWhole));
  const hosts = nodes.slice(0, 2).map((node) => `127.0.0.1:${node.clusterPort}`);
  return { nodes, url: `${tls ? 'rediss' : 'redis'}-cluster://${hosts}` };
}

/** What Redis needs to listen with TLS, and to trust the same certificate of others. */
export function tlsFlags({ certificate, key }, port) {
  return [
    ...['--tls-port', String(port), '--tls-auth-clients', 'no'],
    ...['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate],
  ];
}
