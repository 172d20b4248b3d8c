// A process with MongoDB as its store: what is refused at start. What it stores is tried by the
// other files (see on_mongo.mjs), and an outage by store_outage.test.mjs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { startOddMongo } from '../servers/odd_mongo.mjs';
import { freePort, releaseBinary, temporaryFolder } from './harness.mjs';

/** What a process says that cannot start: one line, and nothing of the password in it. */
async function refusal(t, store) {
  const secret = path.join(temporaryFolder(t), 'jwt-secret');
  writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  const soon = ['--store-select-timeout-ms', '1000'];
  const place = ['--listen', '127.0.0.1:0', '--jwt-secret-file', secret, '--log-level', 'warning'];
  // Not waited for in one step: who is asked may run in this process.
  const child = spawn(releaseBinary, ['serve', '--store', store, ...soon, ...place]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 1, said);
  assert.equal(said.trimEnd().split('\n').length, 1, said);
  assert.doesNotMatch(said, /hunter2/);
  return said;
}

const present = { ismaster: true, minWireVersion: 0, maxWireVersion: 13 };

test('a URL that is none is refused', async (t) => {
  for (const url of ['mongodb://', 'mongodb://:hunter2@', 'mongodb+srv://u:hunter2@host/x']) {
    assert.match(await refusal(t, url), /it is sqlite, or a URL mongodb:/);
  }
});

test('a server that cannot be reached is refused', async (t) => {
  const dead = await freePort();
  const said = await refusal(t, `mongodb://ann:hunter2@127.0.0.1:${dead}/knotos`);
  assert.match(said, /no server can be reached there/);
});

test('a server that is too old is refused', async (t) => {
  const address = await startOddMongo(t, () => ({ ...present, maxWireVersion: 3 }));
  assert.match(await refusal(t, `mongodb://${address}/knotos`), /version|older/);
});

test('a replica set without a primary is refused', async (t) => {
  const address = await startOddMongo(t, (me) => {
    const of = { setName: 'rs0', hosts: [me], me };
    return { ...present, ...of, ismaster: false, secondary: true };
  });
  const said = await refusal(t, `mongodb://${address}/knotos?replicaSet=rs0`);
  assert.match(said, /the replica set has no primary/);
});

test('a password that is wrong is refused', async (t) => {
  const address = await startOddMongo(t, () => present);
  const said = await refusal(t, `mongodb://ann:hunter2@${address}/knotos`);
  assert.match(said, /refuses this user name and password/);
});
