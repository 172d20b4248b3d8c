// A link between two parts that can be cut, stalled, slowed or, for the bus, made unruly.

import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Listens on a port of its own and passes bytes on to whichever of `targets()` takes the
 * connection, in turn.
 */
export class Proxy {
  #server;
  #targets;
  #links = new Set();
  #turn = 0;
  #isCut = false;
  /** Milliseconds that each piece waits, both ways. */
  delay = 0;
  /** While true nothing is passed on, and nothing is closed: a half-open link. */
  isStalled = false;

  /** `filter` makes, for a connection, the transform of what the target says; or nothing. */
  static async listen(targets, filter = () => null) {
    const proxy = new Proxy();
    proxy.#targets = targets;
    proxy.#server = net.createServer((near) => proxy.#join(near, filter));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    proxy.port = proxy.#server.address().port;
    return proxy;
  }

  async #join(near, filter) {
    this.#links.add(near);
    near.on('error', () => {});
    near.on('close', () => this.#links.delete(near));
    near.pause();
    const far = this.#isCut ? null : await this.#dial();
    if (!far || near.destroyed) {
      far?.destroy();
      near.destroy();
      return;
    }
    this.#links.add(far);
    far.on('close', () => {
      this.#links.delete(far);
      near.destroy();
    });
    near.on('close', () => far.destroy());
    this.#pump(near, far, null);
    this.#pump(far, near, filter());
    near.resume();
  }

  /** The first that takes it, beginning with the next in turn. */
  async #dial() {
    const ports = this.#targets();
    for (let i = 0; i < ports.length; i += 1) {
      this.#turn = (this.#turn + 1) % ports.length;
      const far = net.connect(ports[this.#turn], '127.0.0.1');
      const isThere = await once(far, 'connect').then(
        () => true,
        () => false,
      );
      if (isThere) {
        far.on('error', () => {});
        return far;
      }
    }
    return null;
  }

  #pump(from, to, filter) {
    let last = Promise.resolve();
    from.on('data', (bytes) => {
      from.pause();
      last = last.then(async () => {
        while (this.isStalled && !from.destroyed) await sleep(20);
        if (this.delay > 0) await sleep(this.delay);
        const out = filter ? filter(bytes) : bytes;
        if (!to.destroyed && out.length > 0) to.write(out);
        from.resume();
      });
    });
    from.on('end', () => last.then(() => to.end()));
  }

  /** Every link ends at once, and no new one begins until `heal`. */
  cut() {
    this.#isCut = true;
    for (const link of this.#links) link.destroy();
  }

  heal() {
    this.#isCut = false;
    this.isStalled = false;
    this.delay = 0;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
