// What can go wrong in a fleet, each for a moment. A lane is one part that breaks and is mended
// again and again; lanes run at the same time, so parts are broken together as chance has it.

import { setTimeout as sleep } from 'node:timers/promises';

async function broken(random, milliseconds, begin, end) {
  begin();
  await sleep(random.below(milliseconds));
  end();
}

async function killNode(random, node) {
  await node.server.kill();
  await sleep(random.below(800));
  await node.start();
}

async function drainNode(node) {
  await node.server.stop();
  await node.start();
}

const freeze = (random, process) =>
  broken(
    random,
    2_500,
    () => process.signal('SIGSTOP'),
    () => process.signal('SIGCONT'),
  );

const cut = (random, proxy) =>
  broken(
    random,
    1_500,
    () => proxy.cut(),
    () => proxy.heal(),
  );

const stall = (random, proxy) =>
  broken(
    random,
    3_000,
    () => {
      proxy.isStalled = true;
    },
    () => proxy.heal(),
  );

const slow = (random, proxy) =>
  broken(
    random,
    2_000,
    () => {
      proxy.delay = 10 + random.below(90);
    },
    () => proxy.heal(),
  );

/** It commits, but nobody hears of it; then it dies. */
async function dieUnheard(random, node) {
  node.bus.cut();
  await sleep(random.below(600));
  await node.server.kill();
  node.bus.heal();
  await node.start();
}

function nodeFaults(random, node) {
  return [
    ['kill', () => killNode(random, node)],
    ['kill', () => killNode(random, node)],
    ['drain', () => drainNode(node)],
    ['freeze', () => freeze(random, node.server)],
    ['die unheard', () => dieUnheard(random, node)],
    ['cut off the bus', () => cut(random, node.bus)],
    ['stall the bus', () => stall(random, node.bus)],
    ['slow down the bus', () => slow(random, node.bus)],
    ['cut off the store', () => cut(random, node.store)],
    ['stall the store', () => stall(random, node.store)],
    ['slow down the store', () => slow(random, node.store)],
  ];
}

function laneFaults(random, fleet) {
  const restart = async () => {
    await fleet.redis.kill();
    await sleep(random.below(800));
    await fleet.redis.start();
  };
  const unruly = () =>
    broken(
      random,
      3_000,
      () => {
        fleet.isUnruly = true;
      },
      () => {
        fleet.isUnruly = false;
      },
    );
  return {
    apis: () => nodeFaults(random, random.pick(fleet.apis)),
    gateways: () => nodeFaults(random, random.pick(fleet.gateways)),
    redis: () => [
      ['kill', restart],
      ['freeze', () => freeze(random, fleet.redis)],
      ['lose, double and reorder messages', unruly],
      ['lose, double and reorder messages', unruly],
    ],
    store: () => [['freeze', () => freeze(random, fleet.mongo)]],
    front: () =>
      [fleet.apiFront, fleet.gatewayFront].flatMap((proxy) => [
        ['cut', () => cut(random, proxy)],
        ['slow down', () => slow(random, proxy)],
      ]),
  };
}

/** Breaks things until it is told to stop; answers how often it did what. */
export async function breakThings(random, fleet, isOver, say) {
  const done = {};
  const lane = async (name, faults) => {
    while (!isOver()) {
      await sleep(200 + random.below(1_500));
      if (isOver()) return;
      const [what, fault] = random.pick(faults());
      say(`${name}: ${what}`);
      await fault();
      done[`${name}: ${what}`] = (done[`${name}: ${what}`] ?? 0) + 1;
    }
  };
  const lanes = Object.entries(laneFaults(random, fleet));
  await Promise.all(lanes.map(([name, faults]) => lane(name, faults)));
  return done;
}
