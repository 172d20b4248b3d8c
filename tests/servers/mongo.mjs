// A MongoDB, or what stands in for it: see README.md.

import path from 'node:path';

import { freePort, projectRoot, temporaryFolder } from '../e2e/harness.mjs';
import { ServerProcess } from './server_process.mjs';

/**
 * The stand-in that keeps everything in memory, gone after the test: a ServerProcess with `port`
 * and `url`. To kill it is to lose what it holds, and started again it has another port.
 */
export async function startMongo(t) {
  const mongo = new ServerProcess({
    command: path.join(projectRoot, 'tests/servers/mongo-java-server.sh'),
    sign: /ready mongodb:\/\/127\.0\.0\.1:(\d+)/,
  });
  t.after(() => mongo.kill());
  const [, port] = await mongo.start();
  return Object.assign(mongo, { port: Number(port), url: `mongodb://127.0.0.1:${port}` });
}

/**
 * The stand-in that keeps what it has acknowledged when it is killed, and comes back on the same
 * port: as above. It takes the writes of one process at a time.
 */
export async function startLastingMongo(t) {
  const port = await freePort();
  const mongo = new ServerProcess({
    command: path.join(projectRoot, 'tests/servers/ferretdb.sh'),
    args: [temporaryFolder(t), String(port)],
    sign: /ready mongodb:/,
  });
  t.after(() => mongo.kill());
  await mongo.start();
  return Object.assign(mongo, { port, url: `mongodb://127.0.0.1:${port}` });
}
