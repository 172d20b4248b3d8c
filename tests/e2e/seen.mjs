// Run after all the end-to-end tests: whatever is described was answered, acked or told at least
// once. KNOTOS_TEST_SEEN is the folder into which their processes have written what they saw.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { described } from './described.mjs';
import { startServer } from './harness.mjs';

const folder = process.env.KNOTOS_TEST_SEEN;
const seen = new Set(
  readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'))),
);

const endings = [];
await startServer({ after: (job) => endings.push(job) });
const { openapi, asyncapi } = described();
for (const job of endings.reverse()) await job();

const wanted = [];
for (const [template, operations] of Object.entries(openapi.json.paths)) {
  for (const [method, operation] of Object.entries(operations)) {
    for (const status of Object.keys(operation.responses).filter((each) => each < 300)) {
      wanted.push(`${method.toUpperCase()} ${template} ${status}`);
    }
  }
}
for (const name of asyncapi.events('client')) wanted.push(`ack ${name} true`);
for (const name of asyncapi.events('server')) wanted.push(`event ${name}`);

const missing = wanted.filter((each) => !seen.has(each));
console.log(`${wanted.length - missing.length} of ${wanted.length} described answers were seen.`);
for (const each of missing) console.log(`never seen: ${each}`);
process.exitCode = missing.length > 0 ? 1 : 0;
