// Knotos on more than one machine, as far as one machine can show it: API nodes and gateways, a
// Redis and a store, each link between them through a proxy of its own.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { learnDescriptions } from '../../e2e/described.mjs';
import { prepareServer, temporaryFolder } from '../../e2e/harness.mjs';
import { startMongo } from '../../servers/mongo.mjs';
import { startRedis } from '../../servers/redis.mjs';
import { Proxy } from './proxy.mjs';
import { unrulyBus } from './unruly_bus.mjs';

/** One process of Knotos, and its links to the store and to the bus. */
class Node {
  constructor(name, server, store, bus) {
    Object.assign(this, { name, server, store, bus });
  }

  /** As whatever supervises it would: again and again, since what it needs may be away as well. */
  async start() {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.server.start();
        return;
      } catch (error) {
        if (tries === 20) throw error;
        if (this.server.isRunning) await this.server.kill();
        await sleep(300);
      }
    }
  }
}

export class Fleet {
  isUnruly = false;
  /** How often the bus did what. */
  misdeeds = {};

  static async start(t, random, { apis = 2, gateways = 3 } = {}) {
    const fleet = new Fleet();
    fleet.redis = await startRedis(t);
    fleet.mongo = await startMongo(t);
    const secret = path.join(temporaryFolder(t), 'jwt-secret');
    writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });

    const node = async (role, at) => {
      const store = await Proxy.listen(() => [fleet.mongo.port]);
      const bus = await Proxy.listen(
        () => [fleet.redis.port],
        () => fleet.#unrulyBus(random),
      );
      t.after(() => [store, bus].forEach((proxy) => proxy.close()));
      const flags = Object.entries({
        '--role': role,
        '--store': `mongodb://127.0.0.1:${store.port}/knotos`,
        '--bus': `redis://127.0.0.1:${bus.port}`,
        '--jwt-secret-file': secret,
        '--access-token-life-ms': '3600000',
        '--shards': '1',
      }).flat();
      const server = await prepareServer(t, { flags });
      const made = new Node(`${role} ${at}`, server, store, bus);
      await made.start();
      t.after(async () => {
        if (server.isRunning) await server.stop();
        else server.assertCleanLog();
      });
      return made;
    };
    fleet.apis = [];
    for (let at = 1; at <= apis; at += 1) fleet.apis.push(await node('api', at));
    fleet.gateways = [];
    for (let at = 1; at <= gateways; at += 1) fleet.gateways.push(await node('gateway', at));

    fleet.apiFront = await Proxy.listen(() => fleet.apis.map(({ server }) => server.port));
    fleet.gatewayFront = await Proxy.listen(() => fleet.gateways.map(({ server }) => server.port));
    t.after(() => [fleet.apiFront, fleet.gatewayFront].forEach((proxy) => proxy.close()));
    await learnDescriptions(fleet);
    return fleet;
  }

  #unrulyBus(random) {
    const count = (what) => {
      this.misdeeds[what] = (this.misdeeds[what] ?? 0) + 1;
    };
    return unrulyBus(random, () => this.isUnruly, count);
  }

  get nodes() {
    return [...this.apis, ...this.gateways];
  }

  /** What a client is given. */
  get url() {
    return `http://127.0.0.1:${this.apiFront.port}`;
  }

  get socketUrl() {
    return `http://127.0.0.1:${this.gatewayFront.port}`;
  }

  keepSecret(text) {
    for (const { server } of this.nodes) server.keepSecret(text);
  }

  /** Everything runs, and every link is whole. */
  async heal() {
    this.isUnruly = false;
    for (const proxy of [this.apiFront, this.gatewayFront]) proxy.heal();
    for (const { store, bus } of this.nodes) [store, bus].forEach((proxy) => proxy.heal());
    this.redis.signal('SIGCONT');
    this.mongo.signal('SIGCONT');
    if (!this.redis.isRunning) await this.redis.start();
    for (const node of this.nodes) {
      if (node.server.isRunning) node.server.signal('SIGCONT');
      else await node.start();
    }
  }
}
