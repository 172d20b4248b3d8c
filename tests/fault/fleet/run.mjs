// `node tests/fault/fleet/run.mjs --seed S --minutes N`

import { parseArgs } from 'node:util';

import { runAlone } from '../../e2e/standalone.mjs';
import { play } from './play.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    minutes: { type: 'string', default: '5' },
  },
});

const end = Date.now() + Number(values.minutes) * 60_000;
const roundLength = 5 * 60_000;
let seed = Number(values.seed);
let acts = 0;
// A fleet of its own for each round: histories that stay small can be judged often.
while (Date.now() < end && !process.exitCode) {
  console.log(`seed ${seed}`);
  const milliseconds = Math.min(roundLength, end - Date.now());
  await runAlone(async (t) => {
    acts += await play(t, { seed, acts: Infinity, milliseconds, say: console.log });
  });
  seed += 1;
}
console.log(`${acts} faults${process.exitCode ? '' : ', and nobody missed anything'}`);
