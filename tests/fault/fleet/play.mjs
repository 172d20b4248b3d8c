// A fleet under load, broken for a while from a seed, and judged when it is whole again.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { Device } from '../../e2e/device.mjs';
import { Load } from '../../e2e/load.mjs';
import { seededRandom } from '../../e2e/random.mjs';
import { breakThings } from './faults.mjs';
import { Fleet } from './fleet.mjs';

// Without affinity, which polling would need.
const options = { transports: ['websocket'] };
const counts = { users: 10, devicesPerUser: 2, guests: 2, options };

const total = (figures) => Object.values(figures).reduce((sum, count) => sum + count, 0);

/** One more device of each user, all on this gateway. */
async function devicesOn(t, gateway, people) {
  const devices = [];
  for (const person of people) {
    const another = await person.anotherDevice();
    another.server = { url: person.server.url, socketUrl: gateway.server.url };
    const device = new Device(another, options);
    t.after(() => device.close());
    devices.push(device);
  }
  return devices;
}

/** Answers how many faults there were. */
export async function play(t, { seed, acts, milliseconds, say }) {
  const random = seededRandom(seed);
  const fleet = await Fleet.start(t, random);
  const load = await Load.start(t, fleet, random, counts);
  const began = Date.now();
  let acted = 0;
  const isOver = () => acted >= acts || Date.now() - began > milliseconds;
  const done = await breakThings(random, fleet, isOver, (what) => {
    acted += 1;
    say(`${((Date.now() - began) / 1000).toFixed(1)} s: ${what}`);
  });
  await fleet.heal();
  // What was under way has its time-out, and everybody finds back.
  const acked = load.acked;
  await sleep(1_000);
  await load.stop(t);
  t.diagnostic(`${load.acked - acked} sends once all was whole`);
  t.diagnostic(JSON.stringify({ faults: done, bus: fleet.misdeeds }));
  assert.ok(load.acked > 100, `only ${load.acked} sends`);
  const late = [];
  for (const gateway of fleet.gateways) {
    late.push(...(await devicesOn(t, gateway, load.people)));
  }
  await load.judge({ late, timeout: 30_000 });
  return total(done);
}
