// A data directory is moved into a MongoDB by one command, and what cannot be moved is refused in
// one line.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';

import { startMongo } from '../servers/mongo.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { runBinary, startServer, temporaryFolder } from './harness.mjs';
import { registerMany } from './people.mjs';

const minute = 60_000;
const secret = 'a-secret-of-the-store';

function migrate(from, to) {
  return runBinary(['migrate', '--from', from], {
    env: { KNOTOS_STORE: to },
    timeout: minute,
  });
}

function assertRefused(run, reason) {
  assert.equal(run.code, 1, run.stdout);
  assert.match(run.stderr, reason);
  assert.equal(run.stderr.trim().split('\n').at(-1).startsWith('knotos: '), true);
  assert.doesNotMatch(run.stdout + run.stderr, new RegExp(secret));
}

test('what a server has stored is moved, once', { timeout: 3 * minute }, async (t) => {
  const mongo = await orSkip(t, () => startMongo(t));
  if (!mongo) return;
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  for (let at = 0; at < 30; at += 1) await ann.post(chatId, `text ${at}`);
  const from = `sqlite:${server.dataDir}`;
  const to = `${mongo.url}/moved`;

  assertRefused(migrate(from, to), /in use by another knotos/);
  await server.stop();
  const moved = migrate(from, to);
  assert.equal(moved.code, 0, moved.stderr);
  assert.match(moved.stdout, /2 users, \d+ chats and 30 messages/);
  assert.match(moved.stdout, /--jwt-secret-file .*jwt-secret/);
  assert.match(moved.stderr, /100 % of 30 messages and changes compared/);

  const again = migrate(from, to);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /Nothing to do/);
});

test('what cannot be moved is refused in one line', { timeout: 2 * minute }, async (t) => {
  const nothing = temporaryFolder(t);
  const nowhere = `mongodb://somebody:${secret}@127.0.0.1:1/knotos?serverSelectionTimeoutMS=500`;
  assertRefused(migrate(`sqlite:${nothing}`, nowhere), /there is no database/);
  assert.deepEqual(readdirSync(nothing), []);
  assertRefused(migrate('elsewhere', nowhere), /--from is sqlite:DIR/);

  const server = await startServer(t);
  await server.stop();
  const from = `sqlite:${server.dataDir}`;
  assertRefused(migrate(from, nowhere), /cannot use the store: no server can be reached there/);
  assertRefused(migrate(from, `mongodb://:${secret}@@:x`), /not a valid mongodb:\/\/ URL/);
});
