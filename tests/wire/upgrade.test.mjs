// WIRE 3.4: from polling to WebSocket, with everything that may come between.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { Conformance, eventually, forTests } from './support/conformance.mjs';
import { openWebSocket, parked, PollingLink, separator } from './support/engine.mjs';
import { assertFault } from './support/http.mjs';
import { WebSocketLink } from './support/websocket.mjs';

/** A polling link that has joined `/` and read its greeting. */
async function joined(server) {
  const link = await PollingLink.open(server);
  await link.say('40');
  await link.packetsUntil(2);
  return link;
}

/** Polls on until the session is upgraded: what a client does that has not paused yet. */
async function pollOn(link, counts) {
  for (;;) {
    const response = await link.poll().catch(() => null);
    if (response?.status !== 200) return;
    for (const packet of response.text.split(separator)) counts.push(packet);
  }
}

describe('upgrade', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('`2probe` is answered `3probe`, on the WebSocket alone', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    await link.say('42["message",1]');
    assert.deepEqual(await link.packets(), ['42["message-back",1]']);
    websocket.destroy();
  });

  test('a GET that is parked is ended by `6`', async () => {
    const link = await joined(it.server);
    const poll = link.beginPoll();
    await parked();
    const websocket = await link.probe();
    assert.equal((await poll.response).text, '6');
    websocket.destroy();
  });

  test('every further GET is ended by `6` for as long as the upgrade lasts', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    for (let n = 0; n < 4; n += 1) assert.deepEqual(await link.packets(), ['6']);
    websocket.destroy();
  });

  test('messages queued meanwhile still go out on the poll, and POSTs are accepted', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    for (let n = 0; n < 3; n += 1) {
      await link.say(`42["message",${n}]`);
      assert.deepEqual(await link.packets(), [`42["message-back",${n}]`]);
    }
    websocket.destroy();
  });

  test('`5` moves the queue to the WebSocket, in order, and polling is forgotten', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    await link.say('42["burst",30]');
    websocket.send('5', '42["message","after"]');
    const texts = [];
    while (texts.length < 31) texts.push(await websocket.message());
    assert.deepEqual(texts, [
      ...Array.from({ length: 30 }, (_, n) => `42["b",${n}]`),
      '42["message-back","after"]',
    ]);
    assertFault(await link.poll(), 400, 3, 'Bad request');
    assertFault(await link.post('3'), 400, 3, 'Bad request');
    websocket.destroy();
  });

  test('nothing is lost and nothing doubled while a client polls on through it', async () => {
    const link = await joined(it.server);
    const seen = [];
    const polling = pollOn(link, seen);
    const websocket = await link.probe();
    await link.say('42["burst",100]');
    websocket.send('5');
    await polling;
    const numbers = () =>
      seen
        .filter((packet) => packet.startsWith('42["b",'))
        .map((packet) => JSON.parse(packet.slice(2))[1]);
    while (numbers().length < 100) seen.push(await websocket.message());
    assert.deepEqual(
      numbers().sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, n) => n),
    );
    assert.ok(!seen.includes('1'), 'a client that still polls must not be told to close');
    websocket.destroy();
  });

  test('a GET parked when `5` comes ends with `6`, not with `1`', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    const poll = link.beginPoll();
    websocket.send('5');
    const response = await poll.response;
    // It may come too late to be parked, and is refused then.
    assert.ok(response.status === 400 || response.text === '6', response.text);
    websocket.destroy();
  });

  for (const [shown, first] of [
    ['a message', '42["message",1]'],
    ['`2` without `probe`', '2'],
    ['`1`', '1'],
    ['something unknown', 'zzz'],
    ['a pong', '3'],
  ]) {
    test(`${shown} as the first packet closes the candidate alone`, async () => {
      const link = await joined(it.server);
      const websocket = await WebSocketLink.open(it.server, link.websocketTarget);
      websocket.send(first);
      await websocket.assertClosed();
      await link.say('42["message",1]');
      assert.deepEqual(await link.packets(), ['42["message-back",1]']);
    });
  }

  test('a candidate is lost: the session stays, and a new attempt is allowed', async () => {
    for (const end of ['destroy', 'reset']) {
      const link = await joined(it.server);
      const lost = await link.probe();
      lost.connection[end]();
      await eventually('the loss is noticed', async () => {
        const next = await WebSocketLink.open(it.server, link.websocketTarget);
        next.send('2probe');
        if ((await next.message()) === null) return false;
        next.send('5', '42["message",1]');
        assert.equal(await next.message(), '42["message-back",1]');
        next.destroy();
        return true;
      });
    }
  });

  test('`5` without a probe is accepted', async () => {
    const link = await joined(it.server);
    const websocket = await WebSocketLink.open(it.server, link.websocketTarget);
    websocket.send('5', '42["message",1]');
    assert.equal(await websocket.message(), '42["message-back",1]');
    websocket.destroy();
  });

  test('a second WebSocket during the upgrade is closed, and nothing else happens', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    const second = await WebSocketLink.open(it.server, link.websocketTarget);
    await second.assertClosed();
    websocket.send('5', '42["message",1]');
    assert.equal(await websocket.message(), '42["message-back",1]');
    websocket.destroy();
  });

  test('a second WebSocket after the upgrade is closed, and nothing else happens', async () => {
    const link = await joined(it.server);
    const websocket = await link.upgrade();
    websocket.send('42["message",0]');
    await websocket.message();
    const second = await WebSocketLink.open(it.server, link.websocketTarget);
    await second.assertClosed();
    websocket.send('42["message",1]');
    assert.equal(await websocket.message(), '42["message-back",1]');
    websocket.destroy();
  });

  test('a session born on WebSocket cannot be taken over by one who knows its sid', async () => {
    const owner = await openWebSocket(it.server);
    const target = `/socket.io/?EIO=4&transport=websocket&sid=${owner.open.sid}`;
    const thief = await WebSocketLink.attempt(it.server, target);
    if (thief.response.status === 101) {
      thief.send('2probe', '5');
      await thief.assertClosed();
    }
    owner.send('40');
    assert.match(await owner.message(), /^40\{"sid":"/);
    owner.destroy();
  });

  test('the bytes of a message can follow `5` in one segment', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    websocket.send('5', '420["message-with-ack",1]', '421["message-with-ack",2]');
    assert.equal(await websocket.message(), '430[1]');
    assert.equal(await websocket.message(), '431[2]');
    websocket.destroy();
  });

  test('closing a session during its upgrade closes the candidate too', async () => {
    const link = await joined(it.server);
    const websocket = await link.probe();
    await link.say('1');
    await websocket.assertClosed();
    await link.assertGone();
  });

  test('CONNECT may come first on the WebSocket', async () => {
    const link = await PollingLink.open(it.server);
    const websocket = await link.upgrade();
    websocket.send('40/custom,{"token":"t"}');
    assert.match(await websocket.message(), /^40\/custom,\{"sid":"/);
    assert.equal(await websocket.message(), '42/custom,["auth",{"token":"t"}]');
    websocket.destroy();
  });

  test('many upgrades at once, each with its requests on whatever shard, all succeed', async () => {
    await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const link = await joined(it.server);
        const websocket = await link.upgrade();
        websocket.send(`42["message",${n}]`);
        assert.equal(await websocket.message(), `42["message-back",${n}]`);
        websocket.destroy();
      }),
    );
  });
});

describe('an upgrade that is not finished', { concurrency: 4 }, () => {
  test('is closed after its time, and polling goes on', async () => {
    const server = await Conformance.start('--upgrade-timeout', 1_500);
    for (const probes of [true, false]) {
      const link = await joined(server);
      const websocket = probes
        ? await link.probe()
        : await WebSocketLink.open(server, link.websocketTarget);
      await websocket.assertClosed();
      await link.say('42["message",1]');
      assert.deepEqual(
        (await link.packets()).filter((packet) => packet !== '6'),
        ['42["message-back",1]'],
      );
    }
    await server.stop();
  });

  test('does not stop the heartbeat: pings come, and silence ends the session', async () => {
    const server = await Conformance.start(
      ...['--ping-interval', 1_000, '--ping-timeout', 2_000, '--upgrade-timeout', 60_000],
    );
    const link = await joined(server);
    const websocket = await link.probe();
    const seen = [];
    await pollOn(link, seen);
    assert.ok(seen.includes('2'), `a ping came: ${seen}`);
    await websocket.assertClosed();
    await link.assertGone();
    await server.stop();
  });
});
