// Starts `sio-conformance` for a test file, and makes sure that it ends well with it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const candidates = [
  process.env.KNOTOS_CONFORMANCE,
  path.join(projectRoot, 'build/asan/sio-conformance'),
  path.join(projectRoot, 'build/debug/sio-conformance'),
  path.join(projectRoot, 'build/release/sio-conformance'),
];
export const binary = candidates.find((each) => each && existsSync(each));

const startTimeout = 60_000;
const stopTimeout = 30_000;

/** Freed memory is kept from reuse by the sanitizer: little of it, or nothing ever comes back. */
const sanitizerOptions = {
  ASAN_OPTIONS: [
    process.env.ASAN_OPTIONS ?? 'detect_stack_use_after_return=1:strict_string_checks=1',
    'quarantine_size_mb=4',
    'thread_local_quarantine_size_kb=64',
    'allocator_release_to_os_interval_ms=100',
  ].join(':'),
  UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? 'print_stacktrace=1:halt_on_error=1',
};

/** Polls until `predicate` answers something true, and returns that. */
export async function eventually(what, predicate, timeout = 20_000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (Date.now() > deadline) assert.fail(`not within ${timeout} ms: ${what}`);
    await sleep(20);
  }
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One process of `sio-conformance` and all that it has written to standard error. */
export class Conformance {
  stderr = '';
  port = 0;
  #child;
  #exited;

  /** `flags` after `--port 0 --shards 2`; a later flag wins. */
  static async start(...flags) {
    assert.ok(binary, 'sio-conformance is not built: ./dev build asan');
    const server = new Conformance();
    await server.#start(flags);
    return server;
  }

  async #start(flags) {
    const child = spawn(binary, ['--port', '0', '--shards', '2', ...flags.map(String)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...sanitizerOptions },
    });
    this.#child = child;
    running.add(child);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.#exited = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
    const listening = await eventually(
      'sio-conformance listens',
      () => {
        assert.ok(running.has(child), `it ended at its start: ${this.stderr}`);
        return /listening on \S+:(\d+)/.exec(this.stderr);
      },
      startTimeout,
    );
    this.port = Number(listening[1]);
  }

  get pid() {
    return this.#child.pid;
  }

  get isRunning() {
    return running.has(this.#child);
  }

  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Resident memory in bytes. */
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }

  /** In good order: exit 0, and no sanitizer had anything to say. */
  async stop() {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGABRT'), stopTimeout);
    const how = await this.#exited;
    clearTimeout(late);
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error:/);
    assert.deepEqual(how, { code: 0, signal: null }, this.stderr.slice(-4_000));
  }
}

/**
 * Runs the tests of `describe` against one server, stopped after them. The answer's `server` is
 * there once the tests run.
 */
export function forTests(before, ...flags) {
  const holder = { server: null };
  before(async () => {
    holder.server = await Conformance.start(...flags);
  });
  after(() => holder.server?.stop());
  return holder;
}
