// Several processes that share a store, a bus and a key.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { startMongo } from '../servers/mongo.mjs';
import { startRedis } from '../servers/redis.mjs';
import { startServer, temporaryFolder } from './harness.mjs';
import { Person } from './people.mjs';

/** A store, a bus, and a way to start processes that share them: `{mongo, redis, start}`. */
export async function world(t, more = []) {
  const redis = await startRedis(t);
  const mongo = await startMongo(t);
  const secret = path.join(temporaryFolder(t), 'jwt-secret');
  writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  const common = ['--store', `${mongo.url}/knotos`, '--jwt-secret-file', secret];
  const flags = [...common, '--bus', redis.url, '--shards', '1', ...more];
  return { mongo, redis, start: (...own) => startServer(t, { flags: [...flags, ...own] }) };
}

/** The same device, served by another process. */
export function servedBy(server, person) {
  const session = {
    user: { id: person.id, username: person.username },
    deviceId: person.deviceId,
    accessToken: person.token,
    refreshToken: person.refreshToken,
  };
  return new Person(server, session, person.password);
}
