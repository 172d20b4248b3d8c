// Clients in other languages, unmodified, each a small program under clients/. Where a language or
// a registry is not at hand, the test says so and is skipped.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { forTests, projectRoot } from './support/conformance.mjs';

const clients = path.join(projectRoot, 'tests/wire/clients');
const built = path.join(projectRoot, 'build/wire-clients');
const run = promisify(execFile);
const buildLimit = 600_000;
const runLimit = 60_000;

/** The sentence why it is not on the machine, or nothing. */
function missing(...program) {
  const [name, ...flags] = program;
  return spawnSync(name, flags).status === 0 ? undefined : `${name} is not on this machine`;
}

/** Builds a client. Answers why it could not be had: of a registry, not of what is in it. */
async function build(command, flags, folder) {
  mkdirSync(built, { recursive: true });
  try {
    await run(command, flags, { cwd: folder, timeout: buildLimit, env: buildEnvironment });
    return undefined;
  } catch (error) {
    return `${command} could not get it: ${String(error.stderr || error.message).slice(0, 300)}`;
  }
}

const buildEnvironment = { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' };

async function assertHolds(command, flags) {
  const result = await run(command, flags, { timeout: runLimit }).catch((error) => error);
  assert.ok(!(result instanceof Error), `${result.message}\n${result.stderr}`);
}

describe('ports', { concurrency: 3 }, () => {
  const it = forTests(before);
  const url = () => `http://127.0.0.1:${it.server.port}`;

  const python = ['/usr/bin/python3', 'python3'].find(
    (each) => spawnSync(each, ['-c', 'import socketio, aiohttp, websocket']).status === 0,
  );
  const noPython = python ? undefined : 'python3-socketio is not installed (apt-get)';
  for (const kind of ['sync', 'asyncio']) {
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      test(`python-socketio ${kind} by ${mode}`, { skip: noPython }, () =>
        assertHolds(python, [path.join(clients, 'python/check.py'), kind, mode, url()]),
      );
    }
  }

  test('Go: zishang520/socket.io', { skip: missing('go', 'version') }, async (t) => {
    const program = path.join(built, 'go-check');
    const problem = await build('go', ['build', '-o', program, '.'], path.join(clients, 'go'));
    if (problem) return t.skip(problem);
    // On polling alone this client holds back what is emitted right after its connection.
    for (const mode of ['websocket', 'upgrade']) await assertHolds(program, [mode, url()]);
  });

  test('Java: io.socket:socket.io-client', { skip: missing('mvn', '-v') }, async (t) => {
    const libraries = path.join(built, 'java');
    if (!existsSync(libraries)) {
      const flags = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`];
      const problem = await build('mvn', flags, path.join(clients, 'java'));
      if (problem) return t.skip(problem);
    }
    const program = path.join(clients, 'java/Check.java');
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      await assertHolds('java', ['-cp', path.join(libraries, '*'), program, mode, url()]);
    }
  });

  test('Rust: rust_socketio', { skip: missing('cargo', '--version') }, async (t) => {
    const target = path.join(built, 'rust');
    const flags = ['build', '--quiet', '--locked', '--target-dir', target];
    const problem = await build('cargo', flags, path.join(clients, 'rust'));
    if (problem) return t.skip(problem);
    const program = path.join(target, 'debug/check');
    for (const mode of ['polling', 'websocket', 'upgrade']) {
      await assertHolds(program, [mode, url()]);
    }
  });
});
