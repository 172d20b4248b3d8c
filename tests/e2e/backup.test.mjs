// A backup is made while the server serves, and what is restored from it is a whole server: of one
// moment, with its sessions, and with cursors of its own.

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Device } from './device.mjs';
import { eventually, runBinary, startServer, temporaryFolder } from './harness.mjs';
import { checkDevices } from './judge.mjs';
import { Person, assertRefused, registerMany } from './people.mjs';

const minute = 60_000;

function runBackup(from, to) {
  return runBinary(['backup', '--data-dir', from, '--to', to]);
}

/** Sends until told to stop; answers how many were acked. */
function keepSending(person, chatId) {
  const sender = { acked: 0, isOver: false };
  sender.done = (async () => {
    while (!sender.isOver) {
      await person.post(chatId, `text ${sender.acked}`);
      sender.acked += 1;
    }
  })();
  return sender;
}

/** The same signed-in device, at another server. */
function at(server, person) {
  return Object.assign(Object.create(Person.prototype), person, { server });
}

test('a backup of a server at work is one moment of it', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const before = await ann.ask('GET', '/v1/sync');
  const sender = keepSending(ann, chatId);
  await eventually('some are sent', () => sender.acked > 30);

  const copy = path.join(temporaryFolder(t), 'copy');
  const ackedBefore = sender.acked;
  const run = runBackup(server.dataDir, copy);
  const ackedAfter = sender.acked + 1;
  sender.isOver = true;
  await sender.done;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /2 users/);
  assert.deepEqual(readdirSync(copy).sort(), ['jwt-secret', 'knotos.db', 'knotos.lock']);
  for (const file of readdirSync(copy)) {
    assert.equal(statSync(path.join(copy, file)).mode & 0o077, 0, `${file} is for others to read`);
  }

  const device = new Device(ben);
  t.after(() => device.close());
  const whole = await ann.history(chatId);
  await checkDevices([device], chatId, whole);

  // It took the place of the lost one: devices that had more than it holds start the chat afresh.
  await server.stop();
  const restored = await startServer(t, { dataDir: copy, port: server.port });
  const history = await ann.history(chatId);
  assert.ok(history.length >= ackedBefore && history.length <= ackedAfter + 1);
  assert.deepEqual(history, whole.slice(0, history.length));
  assertRefused(
    await ann.request('GET', `/v1/sync?cursor=${encodeURIComponent(before.cursor)}`),
    410,
    'cursor-expired',
  );
  await ann.post(chatId, 'after the restore');
  await checkDevices([device], chatId, await at(restored, ann).history(chatId));
});

test('what a backup refuses', { timeout: minute }, (t) => {
  const folder = temporaryFolder(t);
  const nothing = runBackup(path.join(folder, 'nothing'), path.join(folder, 'copy'));
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /^knotos: there is no database .*nothing\/knotos\.db\n$/);

  writeFileSync(path.join(folder, 'knotos.db'), 'this is no database at all, and long enough');
  const broken = runBackup(folder, path.join(folder, 'copy'));
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /^knotos: cannot copy .*knotos\.db to .*: .*\n$/);
  assert.deepEqual(readdirSync(path.join(folder, 'copy')), ['knotos.lock']);
  assert.equal(runBinary(['backup', '--data-dir', folder]).code, 2);
});

test('a backup does not overwrite another', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const copy = path.join(temporaryFolder(t), 'copy');
  assert.equal(runBackup(server.dataDir, copy).code, 0);
  const again = runBackup(server.dataDir, copy);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^knotos: .*copy\/knotos\.db is there already\n$/);
});

function examine(...flags) {
  const run = runBinary(['doctor', ...flags]);
  assert.equal(run.stderr, '');
  for (const line of run.stdout.trimEnd().split('\n')) {
    assert.match(line, /^(good    |warning |bad     ) .*\.$/);
  }
  return run;
}

test('the doctor looks at a server at work', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  await registerMany(server, 2);
  const well = examine('--data-dir', server.dataDir);
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout, /The database is whole: 2 users/);

  chmodSync(path.join(server.dataDir, 'jwt-secret'), 0o644);
  const open = examine('--data-dir', server.dataDir);
  assert.equal(open.code, 1);
  assert.match(open.stdout, /^bad .*jwt-secret/m);
});

test('the doctor tells what is wrong', { timeout: minute }, (t) => {
  const folder = temporaryFolder(t);
  assert.equal(examine('--data-dir', folder).code, 0);
  writeFileSync(path.join(folder, 'knotos.db'), 'this is no database at all, and long enough');
  const broken = examine('--data-dir', folder, '--shards', 'many');
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /^bad .*--shards/m);
  assert.match(broken.stdout, /^bad .*knotos\.db/m);
  const noKey = examine('--data-dir', folder, '--tls-cert', '/no/file', '--tls-key', '/no/file');
  assert.match(noKey.stdout, /^bad .*cannot read the TLS certificate '\/no\/file'/m);
});
