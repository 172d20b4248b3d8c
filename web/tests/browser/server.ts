import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const binary = process.env.KNOTOS_BINARY ?? path.join(root, 'build/release/knotos');
const openRates = ['--rate-auth', '0', '--rate-connect', '0', '--rate-messages', '0'];
const startTimeoutMs = 30_000;

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** One server on a port and a data directory of its own. It may be killed, and started again. */
export class TestServer {
  static async make(flags: string[] = []): Promise<TestServer> {
    const server = new TestServer(await freePort(), flags);
    await server.start();
    return server;
  }

  readonly url: string;
  #child: ChildProcess | null = null;
  #folder = mkdtempSync(path.join(os.tmpdir(), 'knotos-web-'));

  private constructor(
    readonly port: number,
    private flags: string[],
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const where = ['--listen', `127.0.0.1:${this.port}`, '--data-dir', this.#folder];
    const flags = [...openRates, '--log-level', 'warning', ...this.flags];
    const child = spawn(binary, ['serve', ...where, ...flags], { stdio: 'inherit' });
    running.add(child);
    this.#child = child;
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${binary} did not start (exit code ${child.exitCode})`);
      }
      await sleep(20);
    }
  }

  /** As an operator does it: those who are there are told. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    running.delete(child);
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
