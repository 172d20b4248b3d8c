// Starts the binary for a test, and makes sure that it ends with it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { assertAllDescribed, learnDescriptions } from './described.mjs';

export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const releaseBinary =
  process.env.KNOTOS_BINARY ?? path.join(projectRoot, 'build/release/knotos');
export const asanBinary = path.join(projectRoot, 'build/asan/knotos');

/** In every password and every message of the tests, so that a log can be searched for them. */
export const passwordMark = 'pass-mark-q7';
export const contentMark = 'content-mark-z9';

const startTimeout = 20_000;
const stopTimeout = 20_000;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A directory that is gone after the test. */
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'knotos-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the binary to its end: for what it says and how it exits. */
export function runBinary(args, { env = {}, timeout = 20_000 } = {}) {
  const run = spawnSync(releaseBinary, args, {
    encoding: 'utf8',
    timeout,
    env: { ...process.env, ...env },
  });
  if (run.error) throw run.error;
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** Polls until `predicate` answers something true, and returns that. */
export async function eventually(what, predicate, timeout = 10_000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (Date.now() > deadline) assert.fail(`not within ${timeout} ms: ${what}`);
    await sleep(20);
  }
}

/** Whoever signed the certificate; null if there is no answer. */
function statusOf(url) {
  const client = url.startsWith('https:') ? https : http;
  return new Promise((resolve) => {
    client
      .get(url, { rejectUnauthorized: false, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
      .on('error', () => resolve(null));
  });
}

/** One server process, and all that it has written to standard error. */
export class Server {
  stderr = '';
  #child = null;
  #exited = null;
  #secrets = new Set();

  constructor({ binary, port, dataDir, flags, scheme }) {
    this.binary = binary;
    this.port = port;
    this.dataDir = dataDir;
    this.flags = flags;
    this.url = `${scheme}://127.0.0.1:${port}`;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Also after a stop or a kill: on the same port and data. */
  async start() {
    const args = [
      'serve',
      '--listen',
      `127.0.0.1:${this.port}`,
      '--data-dir',
      this.dataDir,
      ...this.flags,
    ];
    const child = spawn(this.binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.#exited = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    this.#exited.catch(() => running.delete(child));
    await this.#untilReady();
    return this;
  }

  async #untilReady() {
    let end = null;
    this.#exited.then(
      (how) => {
        end = how;
      },
      (error) => {
        end = error;
      },
    );
    await eventually(
      'the server is ready',
      async () => {
        if (end)
          assert.fail(`the server ended at its start: ${JSON.stringify(end)}\n${this.stderr}`);
        return (await statusOf(`${this.url}/readyz`)) === 200;
      },
      startTimeout,
    );
  }

  signal(name) {
    this.#child.kill(name);
  }

  /** How the process ended: `{code, signal}`. */
  async exit() {
    const child = this.#child;
    const tooLate = new AbortController();
    const lateness = sleep(stopTimeout, null, { ref: false, signal: tooLate.signal }).then(() => {
      child.kill('SIGKILL');
      assert.fail(`the server did not end within ${stopTimeout} ms\n${this.stderr.slice(-4000)}`);
    });
    try {
      return await Promise.race([this.#exited, lateness]);
    } finally {
      // Else it would kill whoever runs by then: the same server, started again.
      lateness.catch(() => {});
      tooLate.abort();
    }
  }

  async kill() {
    this.signal('SIGKILL');
    await this.exit();
  }

  /** In good order. Says what a good server's end is: exit 0, and nothing said that it must not. */
  async stop() {
    this.signal('SIGTERM');
    const how = await this.exit();
    assert.deepEqual(how, { code: 0, signal: null }, this.stderr.slice(-4000));
    this.assertCleanLog();
  }

  get isRunning() {
    return running.has(this.#child);
  }

  /** `text` must never appear in the log. */
  keepSecret(text) {
    this.#secrets.add(text);
  }

  assertCleanLog() {
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error:/);
    for (const [what, text] of [
      ['a password', passwordMark],
      ['message content', contentMark],
      ['an access token', 'eyJhbGci'],
      ...[...this.#secrets].map((secret) => ['a secret', secret]),
    ]) {
      const at = this.stderr.indexOf(text);
      if (at >= 0) {
        assert.fail(`the log holds ${what}: ${this.stderr.slice(Math.max(0, at - 200), at + 80)}`);
      }
    }
  }

  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }
}

const openLimits = [
  ...['auth', 'connect', 'messages', 'events', 'marks', 'state', 'chats', 'people', 'sync'],
  ...['account', 'members', 'changes'],
].flatMap((rate) => [`--rate-${rate}`, '0']);

/** A flag is given once: a later one wins over an earlier one. */
function withoutRepeats(flags) {
  const values = new Map();
  for (let at = 0; at < flags.length; at += 2) values.set(flags[at], flags[at + 1]);
  return [...values].flat();
}

/**
 * Where KNOTOS_TEST_STORE names a MongoDB (see on_mongo.mjs), each data directory stands for a
 * database of its own there.
 */
function storeFlags(dataDir) {
  const store = process.env.KNOTOS_TEST_STORE;
  if (!store) return [];
  const secret = path.join(dataDir, 'jwt-secret');
  if (!existsSync(secret)) {
    writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  }
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 24);
  return ['--store', `${store}/e2e_${name}`, '--jwt-secret-file', secret];
}

/** A server that is not started yet, with the rates switched off and the log at its loudest. */
export async function prepareServer(
  t,
  { flags = [], binary = releaseBinary, port, dataDir, rates = false, scheme = 'http' } = {},
) {
  const folder = dataDir ?? temporaryFolder(t);
  const common = [...(rates ? [] : openLimits), '--log-level', 'debug', ...storeFlags(folder)];
  return new Server({
    binary,
    port: port ?? (await freePort()),
    dataDir: folder,
    scheme,
    flags: withoutRepeats([...common, ...flags]),
  });
}

/** By test: those that it has started. */
const serversOf = new WeakMap();

/** All of the servers of a test, whatever becomes of one: what is left keeps it from ending. */
function endAfter(t, server) {
  if (serversOf.has(t)) return serversOf.get(t).push(server);
  const servers = [server];
  serversOf.set(t, servers);
  const end = async (each) => (each.isRunning ? each.stop() : each.assertCleanLog());
  return t.after(async () => {
    const ends = await Promise.allSettled(servers.map(end));
    for (const { status, reason } of ends) if (status === 'rejected') throw reason;
    assertAllDescribed();
  });
}

/**
 * The same, running. After the test it is stopped, its log read, and all that it answered held
 * against its own descriptions. A later flag wins over an earlier one.
 */
export async function startServer(t, options = {}) {
  const server = await prepareServer(t, options);
  await server.start();
  endAfter(t, server);
  // A certificate that signs itself is for the test that made it.
  if (options.scheme !== 'https') await learnDescriptions(server);
  return server;
}

export function hasAsanBinary() {
  return existsSync(asanBinary);
}
