// `./dev model --seed S --minutes N`, or `--replay FILE` with a list that a failed run has left.

import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { projectRoot, startServer } from '../e2e/harness.mjs';
import { runAlone } from '../e2e/standalone.mjs';
import { playAll, search } from './search.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    minutes: { type: 'string', default: '1' },
    replay: { type: 'string' },
  },
});

await runAlone(async (t) => {
  const server = await startServer(t, { flags: ['--access-token-life-ms', '86400000'] });
  if (values.replay) {
    const failure = await playAll(server, JSON.parse(readFileSync(values.replay, 'utf8')));
    if (failure) throw failure.error;
    console.log('server and model agree');
    return;
  }
  const seed = Number(values.seed);
  const failureFile = path.join(projectRoot, 'build', `model-failure-${seed}.json`);
  mkdirSync(path.dirname(failureFile), { recursive: true });
  console.log(`seed ${seed}`);
  const milliseconds = Number(values.minutes) * 60_000;
  const played = await search(server, { seed, milliseconds, failureFile, say: console.log });
  console.log(`${played} actions, and server and model agree`);
});
