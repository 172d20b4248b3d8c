// WIRE 10, the rows that come by HTTP. After each the server stands where it stood before.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { asanBinary, hasAsanBinary, releaseBinary, startServer } from '../e2e/harness.mjs';
import { Connection } from './support/bytes.mjs';
import { Conformance, eventually, forTests } from './support/conformance.mjs';
import {
  openWebSocket,
  parked,
  PollingLink,
  pollingTarget,
  websocketTarget,
} from './support/engine.mjs';
import { drained, many, survives, volume } from './support/health.mjs';
import {
  assertEmpty,
  assertFault,
  readResponse,
  request,
  requestBytes,
  unknownSession,
} from './support/http.mjs';
import { frameBytes, upgradeHeaders, WebSocketLink } from './support/websocket.mjs';

const rsvFrame = frameBytes('x', { rsv: 3 });

describe('hostile HTTP', () => {
  const it = forTests(before, '--ping-interval', 2_000, '--ping-timeout', 2_000);
  const row = (name, attack) => test(`row ${name}`, () => survives(it.server, attack));

  row('1: a chunked POST of 100 MB is 413 at the limit', async () => {
    const link = await PollingLink.open(it.server);
    const connection = await Connection.open(it.server);
    connection.write(
      requestBytes('POST', link.target, { headers: { 'Transfer-Encoding': 'chunked' } }),
    );
    const chunk = Buffer.concat([
      Buffer.from('100000\r\n'),
      Buffer.alloc(0x100000, '4'),
      Buffer.from('\r\n'),
    ]);
    const answer = readResponse(connection);
    for (let sent = 0; sent < 100 && !connection.isEnded; sent += 1) {
      connection.write(chunk);
      await drained(connection);
    }
    assertEmpty(await answer, 413);
    connection.destroy();
    await link.assertGone();
  });

  for (const [what, body] of [
    ['0x1E', '\x1e'.repeat(1_000_000)],
    ['`4` 0x1E', '4\x1e'.repeat(500_000)],
    ['`3` 0x1E', '3\x1e'.repeat(500_000)],
    ['`b` 0x1E', 'b\x1e'.repeat(500_000)],
  ]) {
    row(`1: a POST of 1 MB of ${what} ends at the first packet that is none`, async () => {
      const link = await PollingLink.open(it.server);
      const response = await link.post(body);
      assert.ok([200, 400].includes(response.status));
      await link.assertGone();
    });
  }

  row('2: by default no header of CORS, whoever asks', async () => {
    const headers = { Origin: 'https://evil.example' };
    const response = await request(it.server, 'GET', pollingTarget, { headers });
    assert.equal(response.header('access-control-allow-origin'), undefined);
  });

  for (const [what, headers, statuses] of [
    ['10 KB of blanks', { 'Sec-WebSocket-Protocol': ` a${' '.repeat(10_000)}b ` }, [101, 400]],
    ['60 KB of blanks', { 'Sec-WebSocket-Protocol': ' '.repeat(60_000) }, [431, 400]],
    ['commas', { 'Sec-WebSocket-Protocol': ','.repeat(8_000) }, [101, 400]],
    ['`constructor`', { 'Sec-WebSocket-Extensions': 'constructor' }, [101, 400]],
    ['`__proto__`', { 'Sec-WebSocket-Extensions': '__proto__; __proto__=1' }, [101, 400]],
    ['an unfinished quote', { 'Sec-WebSocket-Extensions': 'x; y="' }, [101, 400]],
    ['a long extension', { 'Sec-WebSocket-Extensions': 'a;b=c,'.repeat(1_500) }, [101, 400]],
  ]) {
    row(`3: ${what} in the headers of an upgrade is answered clean`, async () => {
      const link = await WebSocketLink.attempt(it.server, websocketTarget, { headers });
      assert.ok(statuses.includes(link.response?.status), String(link.response?.status));
      assert.equal(link.response.header('sec-websocket-extensions'), undefined);
      link.destroy();
    });
  }

  row('4: an upgrade with a bad or taken sid, and a broken frame in the same segment', async () => {
    const taken = await openWebSocket(it.server);
    await many(100, 10, async (n) => {
      const sid = n % 2 === 0 ? taken.open.sid : 'nobody';
      const target = `${websocketTarget}&sid=${sid}`;
      const link = await WebSocketLink.attempt(it.server, target, { early: rsvFrame });
      await link.connection.closed;
    });
    const fresh = await WebSocketLink.open(it.server, websocketTarget, { early: rsvFrame });
    await fresh.untilClosed();
    await fresh.connection.closed;
    taken.send('40');
    assert.match(await taken.message(), /^40/);
    taken.destroy();
  });

  row('5: 1000 upgrades each ended by RST, with sids that are known and not', async () => {
    const link = await PollingLink.open(it.server);
    await many(1_000, 20, async (n) => {
      const connection = await Connection.open(it.server);
      const targets = [websocketTarget, link.websocketTarget, `${websocketTarget}&sid=nobody`];
      connection.write(requestBytes('GET', targets[n % 3], { headers: upgradeHeaders() }));
      if (n % 2 === 0) await Promise.race([connection.through('\r\n\r\n'), connection.closed]);
      connection.reset();
      await connection.closed;
    });
  });

  for (const transport of ['constructor', 'webtransport', 'polling', '__proto__', 'toString', '']) {
    row(`6: an Upgrade to transport '${transport}' is 400`, async () => {
      const link = await WebSocketLink.attempt(
        it.server,
        `/socket.io/?EIO=4&transport=${transport}`,
      );
      assert.equal(link.response.status, 400);
      await link.connection.closed;
    });
  }

  row('10: 3000 headers, and one of 64 KB, are 431 or 400', async () => {
    const headers = Array.from({ length: 3_000 }, (_, n) => [`x-${n}`, 'y']);
    for (const fields of [
      [...Object.entries(upgradeHeaders()), ...headers],
      [...Object.entries(upgradeHeaders()), ['x', 'y'.repeat(64 * 1024)]],
    ]) {
      const response = await request(it.server, 'GET', websocketTarget, { headers: fields });
      assert.ok([431, 400].includes(response?.status), String(response?.status));
    }
  });

  row('10: a request line without end is 431 or 400', async () => {
    const response = await request(it.server, 'GET', `/socket.io/?${'x'.repeat(100_000)}`);
    assert.ok([431, 400, 414].includes(response?.status), String(response?.status));
  });

  row('13: 2000 POSTs of octets on fresh sessions are each 400', async () => {
    await many(2_000, 20, async () => {
      const connection = await Connection.open(it.server);
      connection.write(requestBytes('GET', pollingTarget));
      const open = await readResponse(connection);
      const { sid } = JSON.parse(open.text.slice(1));
      connection.write(
        requestBytes('POST', `${pollingTarget}&sid=${sid}`, {
          headers: { 'Content-Type': 'application/octet-stream' },
          body: 'x',
        }),
      );
      assertEmpty(await readResponse(connection), 400);
      await connection.closed;
    });
  });

  row('14: keys of prototypes are unknown sids on GET, POST and Upgrade', async () => {
    for (const sid of ['__proto__', 'constructor', 'hasOwnProperty', '%00', '%ff', '../..']) {
      for (const method of ['GET', 'POST']) {
        const response = await request(it.server, method, `${pollingTarget}&sid=${sid}`);
        assertFault(response, ...unknownSession);
      }
      const link = await WebSocketLink.attempt(it.server, `${websocketTarget}&sid=${sid}`);
      assert.equal(link.response.status, 400);
      assert.equal(link.response.text, 'Session ID unknown');
      link.destroy();
    }
  });

  row('17: EIO=3 for a session of EIO=4 is code 3, on GET, POST and Upgrade', async () => {
    const link = await PollingLink.open(it.server);
    const target = `/socket.io/?EIO=3&transport=polling&sid=${link.sid}`;
    for (const method of ['GET', 'POST']) {
      assertFault(await request(it.server, method, target), 400, 3, 'Bad request');
    }
    const upgrade = await WebSocketLink.attempt(
      it.server,
      `/socket.io/?EIO=3&transport=websocket&sid=${link.sid}`,
    );
    assert.equal(upgrade.response.status, 400);
    assert.equal(upgrade.response.text, 'Bad request');
    await link.say('3');
  });

  const handshakes = volume(10_000, 50_000);
  row(`23: ${handshakes} handshakes and nothing more: all are reaped`, async () => {
    await many(20, 20, async () => {
      const connection = await Connection.open(it.server);
      const ahead = Buffer.concat(
        Array.from({ length: 20 }, () => requestBytes('GET', pollingTarget)),
      );
      for (let sent = 0; sent < handshakes / 20; sent += 20) {
        connection.write(ahead);
        for (let n = 0; n < 20; n += 1) assert.equal((await readResponse(connection)).status, 200);
      }
      connection.destroy();
    });
  });

  row('27: bodies that are begun and not finished end with their sessions', async () => {
    const links = [];
    await many(100, 20, async () => {
      const link = await PollingLink.open(it.server);
      link.stalled = await Connection.open(it.server);
      link.stalled.write(
        requestBytes('POST', link.target, { headers: { 'Content-Length': '100' }, body: '4' }),
      );
      links.push(link);
    });
    for (const link of links) {
      await eventually('it is reaped', async () => (await link.poll()).status === 400);
      link.stalled.destroy();
    }
  });

  row('a thousand parked GETs whose peers go away', async () => {
    await many(1_000, 25, async (n) => {
      const link = await PollingLink.open(it.server);
      const poll = link.beginPoll();
      await eventually('it is sent', () => poll.connection !== null);
      if (n % 10 === 0) await parked();
      poll.connection[n % 2 === 0 ? 'reset' : 'destroy']();
      await poll.response.catch(() => null);
    });
  });
});

describe('slow and many, against the whole server', () => {
  const binary = hasAsanBinary() ? asanBinary : releaseBinary;

  test('row 27: a request byte by byte and a body that stalls are closed in time', async (t) => {
    const server = await startServer(t, {
      binary,
      flags: ['--header-timeout-ms', '500', '--body-timeout-ms', '500'],
    });
    const link = await PollingLink.open(server);
    const slow = await Connection.open(server);
    const bytes = requestBytes('GET', pollingTarget);
    let at = 0;
    const timer = setInterval(() => slow.write(bytes.subarray(at, (at += 1))), 100);
    t.after(() => clearInterval(timer));
    const stalled = await Connection.open(server);
    stalled.write(
      requestBytes('POST', link.target, { headers: { 'Content-Length': '100' }, body: '4' }),
    );
    for (const connection of [slow, stalled]) {
      const response = await readResponse(connection);
      assert.ok(response === null || response.status === 408, String(response?.status));
      await connection.closed;
    }
    assert.equal((await request(server, 'GET', pollingTarget)).status, 200);
  });

  test('row 23: what --rate-connect allows an address, and then 429', async (t) => {
    const flags = ['--rate-connect', '5/60s'];
    const server = await startServer(t, { binary, flags, rates: true });
    const statuses = [];
    for (let n = 0; n < 8; n += 1) {
      const response = await request(server, 'GET', pollingTarget);
      statuses.push(response.status);
      if (response.status === 429) assert.ok(Number(response.header('retry-after')) > 0);
    }
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    const websocket = await WebSocketLink.attempt(server, websocketTarget);
    assert.equal(websocket.response.status, 429);
    websocket.destroy();
  });
});

describe('an address', () => {
  test('row 23: it opens links as fast as it may, and then hears 429', async (t) => {
    const server = await Conformance.start('--handshakes', 5, '--cors', '*');
    t.after(() => server.stop());
    const open = (headers = {}) => request(server, 'GET', pollingTarget, { headers });
    // What opens no link counts for nothing.
    assert.equal((await request(server, 'GET', '/socket.io/?EIO=3&transport=polling')).status, 400);
    for (let n = 0; n < 5; n += 1) assert.equal((await open()).status, 200);
    const refused = await open({ Origin: 'https://elsewhere.example' });
    assertEmpty(refused, 429);
    assert.ok(Number(refused.header('retry-after')) > 0);
    assert.equal(refused.header('access-control-allow-origin'), '*');
    const websocket = await WebSocketLink.attempt(server, websocketTarget);
    assert.equal(websocket.response.status, 429);
    websocket.destroy();
  });

  test('row 23: it has as many links as it may, and then hears 429', async (t) => {
    const server = await Conformance.start('--links-per-address', 3);
    t.after(() => server.stop());
    const links = [await PollingLink.open(server), await PollingLink.open(server)];
    const websocket = await openWebSocket(server);
    assertEmpty(await request(server, 'GET', pollingTarget), 429);
    websocket.destroy();
    await eventually('there is room for one', async () => {
      const { status } = await request(server, 'GET', pollingTarget);
      assert.ok([200, 429].includes(status));
      return status === 200;
    });
    assertEmpty(await request(server, 'GET', pollingTarget), 429);
    for (const link of links) assert.equal((await link.post('1')).status, 200);
  });
});
