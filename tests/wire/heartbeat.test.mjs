// WIRE 4 and 5: the heartbeat, the time to join a namespace, and the reasons of an end.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Conformance, eventually, forTests } from './support/conformance.mjs';
import { openWebSocket, parked, PollingLink, separator } from './support/engine.mjs';
import { assertFault, unknownSession } from './support/http.mjs';
import { join, joined } from './support/socketio.mjs';

// Long enough for a client on a busy machine to answer in time.
const interval = 1_000;
const timeout = 2_000;

/** Sends a packet every so often until told to stop, or the test ends. */
function flood(t, send, every = 40) {
  const timer = setInterval(send, every);
  const stop = () => clearInterval(timer);
  t.after(stop);
  return stop;
}

async function untilPing(link) {
  for (;;) {
    const message = await link.message();
    assert.notEqual(message, null, 'closed before a ping came');
    if (message === '2') return;
  }
}

async function untilPollPing(link) {
  for (;;) {
    const packets = await link.packets();
    if (packets.includes('2')) return;
    assert.ok(!packets.includes('1'), 'closed before a ping came');
  }
}

describe('heartbeat', { concurrency: 16 }, () => {
  const it = forTests(before, '--ping-interval', interval, '--ping-timeout', timeout);

  test('websocket: a ping comes, its pong brings the next', async () => {
    const link = await openWebSocket(it.server);
    for (let n = 0; n < 3; n += 1) {
      assert.equal(await link.message(), '2');
      link.send('3');
    }
    link.destroy();
  });

  test('websocket: without a pong the link is closed', async () => {
    const link = await openWebSocket(it.server);
    assert.deepEqual(await link.untilClosed(), ['2']);
    await link.connection.closed;
  });

  test('polling: a parked GET returns `2`, its pong brings the next', async () => {
    const link = await PollingLink.open(it.server);
    for (let n = 0; n < 3; n += 1) {
      assert.deepEqual(await link.packets(), ['2']);
      await link.say('3');
    }
  });

  test('polling: without a pong a parked GET gets `1`, and the sid is unknown', async () => {
    const link = await PollingLink.open(it.server);
    assert.deepEqual(await link.packets(), ['2']);
    assert.deepEqual(await link.packets(), ['1']);
    await link.assertGone();
  });

  test('polling: a session that never polls is reaped by the same rule', async () => {
    const link = await PollingLink.open(it.server);
    await sleep(interval + timeout);
    await link.assertGone();
  });

  test('at the deadline, and not a tick later, a request finds the session gone', async () => {
    const links = await Promise.all(Array.from({ length: 8 }, () => PollingLink.open(it.server)));
    await sleep(interval + timeout);
    await Promise.all(links.map((link) => link.assertGone()));
  });

  test('row 20: a flood of unsolicited pongs does not put the pings off', async (t) => {
    const link = await openWebSocket(it.server);
    const stop = flood(t, () => link.send('3'));
    await untilPing(link);
    await untilPing(link);
    stop();
    link.destroy();
    const poller = await PollingLink.open(it.server);
    const stopPosts = flood(t, () => poller.post('3').catch(() => {}), 60);
    await untilPollPing(poller);
    await untilPollPing(poller);
    stopPosts();
  });

  test('a packet other than a pong puts the deadline off, and not for ever', async (t) => {
    const link = await joined(it.server);
    await untilPing(link);
    const stop = flood(t, () => link.send('420["message-with-ack"]'));
    const rest = await link.untilClosed();
    stop();
    assert.ok(rest.every((message) => message === '430[]'));
    await link.connection.closed;
  });

  test('a ping goes ahead of a backlog', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    await link.say('42["burst",100]');
    await sleep(interval);
    const first = await link.packets();
    assert.ok(first.includes('2'), first.join(' '));
  });

  test('row 19: a ping falls due, the upgrade completes, then silence: the link ends', async () => {
    const link = await PollingLink.open(it.server);
    assert.deepEqual(await link.packets(), ['2']);
    const websocket = await link.upgrade();
    await websocket.untilClosed();
    await websocket.connection.closed;
    assertFault(await link.poll(), ...unknownSession);
  });

  test('a pong on the WebSocket answers a ping that went out on the poll', async () => {
    const link = await PollingLink.open(it.server);
    assert.deepEqual(await link.packets(), ['2']);
    const websocket = await link.upgrade();
    websocket.send('3');
    await untilPing(websocket);
    websocket.send('3');
    await untilPing(websocket);
    websocket.destroy();
  });

  test('row 25: half-done upgrades do not keep their sessions alive', async () => {
    const before_ = it.server.descriptors();
    const candidates = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const link = await PollingLink.open(it.server);
        const websocket = await link.probe().catch(() => null);
        return { link, websocket };
      }),
    );
    for (const { link, websocket } of candidates) {
      if (websocket) await websocket.connection.closed;
      await link.assertGone();
    }
    await eventually('descriptors are back', () => it.server.descriptors() <= before_ + 20);
  });
});

describe('time to join a namespace', { concurrency: 8 }, () => {
  const it = forTests(before, '--connect-timeout', 2_000);

  test('a WebSocket that joins none is closed', async () => {
    const link = await openWebSocket(it.server);
    await link.assertClosed();
  });

  test('a poll that joins none gets `1`', async () => {
    const link = await PollingLink.open(it.server);
    assert.deepEqual(
      (await link.packets()).filter((packet) => packet !== '6'),
      ['1'],
    );
    await link.assertGone();
  });

  test('a CONNECT that was refused does not count', async () => {
    const link = await openWebSocket(it.server);
    link.send('40/auth,{"token":"wrong"}', '40/nope');
    await link.message();
    await link.message();
    await link.assertClosed();
  });

  test('a namespace that was joined stops the clock, also when it is left again', async () => {
    const link = await joined(it.server);
    link.send('41');
    const bystander = await openWebSocket(it.server);
    await bystander.assertClosed();
    await join(link);
    link.destroy();
  });
});

describe('reasons', () => {
  let server;
  before(async () => {
    server = await Conformance.start('--ping-interval', interval, '--ping-timeout', timeout);
  });
  after(() => server.stop());

  /** The reasons so far, asked for over a link that answers pings. */
  async function reasons() {
    const link = await joined(server);
    link.send('420["reasons"]');
    for (;;) {
      const message = await link.message();
      if (message === '2') link.send('3');
      else if (message.startsWith('430')) {
        link.destroy();
        return JSON.parse(message.slice(3))[0];
      }
    }
  }

  for (const [reason, end] of [
    ['transport close', async (link) => link.destroy()],
    ['parse error', async (link) => link.send('4abc')],
    ['ping timeout', async (link) => link.untilClosed()],
    ['client namespace disconnect', async (link) => link.send('41')],
    ['server namespace disconnect', async (link) => link.send('42["kick"]')],
  ]) {
    test(`'${reason}' is told apart`, async () => {
      const count = async () => (await reasons()).filter((each) => each === reason).length;
      // The links that ask end too, by the first of the reasons.
      const known = reason === 'transport close' ? 0 : await count();
      const link = await joined(server);
      await end(link);
      await eventually(`${reason} is seen`, async () => (await count()) > known);
      link.destroy();
    });
  }

  test("'transport error' is what a reset is", async () => {
    const link = await joined(server);
    link.connection.reset();
    await eventually('it is seen', async () => (await reasons()).includes('transport error'));
  });

  test('a kick with `true` ends the link by one of the reasons of the server', async () => {
    const link = await joined(server);
    link.send('42["kick",true]');
    const messages = await link.untilClosed();
    assert.deepEqual(
      messages.filter((message) => message !== '2'),
      ['41'],
    );
    await eventually('it is seen', async () =>
      (await reasons()).some((each) =>
        ['server namespace disconnect', 'forced server close'].includes(each),
      ),
    );
  });

  test('polling: a client that goes in the midst of a GET is a transport close', async () => {
    const link = await PollingLink.open(server);
    await link.say('40');
    await link.packetsUntil(2);
    const poll = link.beginPoll();
    await parked();
    poll.connection.destroy();
    await eventually('it is noticed', async () => {
      const response = await link.post('3');
      return response.status === 400;
    });
    assert.ok((await reasons()).includes('transport close'));
    assert.equal(separator.length, 1);
  });
});
