// Runs tests with MongoDB as the store of every server that they start: `node on_mongo.mjs FILE…`.
// KNOTOS_TEST_MONGODB names one that runs already; else a stand-in is started. Exit code 77: there
// is none to be had.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { startMongo } from '../servers/mongo.mjs';
import { NotToBeHad } from '../servers/server_process.mjs';

const skipped = 77;
const ends = [];

async function storeUrl() {
  if (process.env.KNOTOS_TEST_MONGODB) return process.env.KNOTOS_TEST_MONGODB.replace(/\/$/, '');
  const mongo = await startMongo({ after: (end) => ends.push(end) });
  return mongo.url;
}

async function run() {
  const env = { ...process.env, KNOTOS_TEST_STORE: await storeUrl() };
  const args = ['--test', '--test-reporter=spec', ...process.argv.slice(2)];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit', env }), 'exit');
  return code ?? 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof NotToBeHad)) throw error;
  console.log(`skipped: ${error.message}`);
  process.exitCode = skipped;
} finally {
  for (const end of ends) await end();
}
