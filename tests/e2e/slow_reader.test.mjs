// A reader that does not keep up is told so, costs no more than its budget, and slows nobody.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { registerMany } from './people.mjs';
import { RawLink } from './raw.mjs';

function residentMegabytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

test(
  'a slow reader gets resync_required; the others get everything',
  { timeout: 120_000 },
  async (t) => {
    const server = await startServer(t, { flags: ['--outbox-bytes-max', '65536'] });
    const [ann, ben, slow] = await registerMany(server, 3);
    const chatId = await ann.group('Stalled', [ben, slow]);
    const annSocket = await ann.connect(t, { transports: ['websocket'] });
    const benSocket = await ben.connect(t, { transports: ['websocket'] });
    const links = await Promise.all(
      Array.from({ length: 5 }, () => RawLink.open(server, slow.token)),
    );
    t.after(() => links.forEach((link) => link.close()));
    for (const link of links) {
      await eventually('session_ready', () =>
        link.events.some(([name]) => name === 'session_ready'),
      );
      link.stopReading();
    }

    // More than the kernel's buffers of a connection hold: some 12 KB a message.
    const content = '世'.repeat(4_096);
    const rssBefore = residentMegabytes(server.pid);
    const sends = 1_500;
    for (let sent = 0; sent < sends; sent += 50) {
      const acks = await Promise.all(
        Array.from({ length: 50 }, () => annSocket.send(chatId, content)),
      );
      assert.ok(
        acks.every((ack) => ack.ok),
        JSON.stringify(acks.find((ack) => !ack.ok)),
      );
    }
    await benSocket.heard('new_message', (message) => message.seq === 1 + sends);
    assert.equal(benSocket.messages(chatId).length, sends);
    const grown = residentMegabytes(server.pid) - rssBefore;
    assert.ok(grown < 100, `five stalled readers cost ${grown} MB`);

    for (const link of links) {
      link.readOn();
      const [, data] = await eventually(
        'resync_required',
        () => link.events.find(([name]) => name === 'resync_required'),
        30_000,
      );
      assert.equal(data.reason, 'slowConsumer');
    }
    // The link lives on: what is said after it arrives.
    await annSocket.send(chatId, 'after the flood');
    for (const link of links) {
      await eventually(
        'the message after',
        () =>
          link.events.some(
            ([name, message]) => name === 'new_message' && message.content === 'after the flood',
          ),
        30_000,
      );
    }
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /^knotos_\w*(overflow|slow)\w*(\{[^}]*\})? [1-9]/m);
  },
);
