// WIRE 1, 2.1 to 2.3: the path, the query, the order of checks, the handshake.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { Conformance, forTests } from './support/conformance.mjs';
import { openWebSocket, PollingLink, pollingTarget } from './support/engine.mjs';
import { assertEmpty, assertFault, request, unknownSession } from './support/http.mjs';
import { upgradeHeaders, WebSocketLink } from './support/websocket.mjs';

const openKeys = ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades'];

describe('handshake', { concurrency: 8 }, () => {
  const it = forTests(before);
  const get = (target, options) => request(it.server, 'GET', target, options);

  test('polling: 200, text/plain, no-store, `0` and exactly five keys', async () => {
    const response = await get(pollingTarget);
    assert.equal(response.status, 200);
    assert.equal(response.header('content-type'), 'text/plain; charset=UTF-8');
    assert.equal(response.header('cache-control'), 'no-store');
    assert.equal(response.text[0], '0');
    const open = JSON.parse(response.text.slice(1));
    assert.deepEqual(Object.keys(open).sort(), openKeys);
    assert.match(open.sid, /^[A-Za-z0-9_-]{20}$/);
    assert.deepEqual(
      { ...open, sid: '' },
      {
        sid: '',
        upgrades: ['websocket'],
        pingInterval: 25_000,
        pingTimeout: 20_000,
        maxPayload: 1_000_000,
      },
    );
  });

  test('websocket: the open packet is the first frame, `upgrades` is empty', async () => {
    const link = await openWebSocket(it.server);
    assert.deepEqual(Object.keys(link.open).sort(), openKeys);
    assert.deepEqual(link.open.upgrades, []);
    assert.match(link.open.sid, /^[A-Za-z0-9_-]{20}$/);
    link.destroy();
  });

  test('every sid is another', async () => {
    const links = await Promise.all(Array.from({ length: 20 }, () => PollingLink.open(it.server)));
    assert.equal(new Set(links.map((link) => link.sid)).size, links.length);
  });

  test('no cookie by default', async () => {
    assert.equal((await get(pollingTarget)).header('set-cookie'), undefined);
  });

  test('the path: any URL with exactly that prefix is ours', async () => {
    assert.equal((await get('/socket.io/more?EIO=4&transport=polling')).status, 200);
    assert.equal((await get('/socket.io/?EIO=4&transport=polling')).status, 200);
  });

  for (const path of ['/socket.io', '/socket.ioo/', '/Socket.io/', '/', '/engine.io/']) {
    test(`the path: ${path} is 404`, async () => {
      assert.equal((await get(`${path}?EIO=4&transport=polling`)).status, 404);
    });
  }

  test('the query: `t` and what the application put there are ignored', async () => {
    const link = await PollingLink.open(it.server, { query: '&t=Nx1&token=a%20b&j=0' });
    assert.equal(link.response.header('content-type'), 'text/plain; charset=UTF-8');
    await link.say('40');
    assert.match((await link.packets())[0], /^40\{"sid":"/);
  });

  test('the query: values are percent-decoded before comparison', async () => {
    assert.equal((await get('/socket.io/?EIO=%34&transport=%70olling')).status, 200);
  });

  test('the query: of a repeated key the last wins', async () => {
    assert.equal((await get('/socket.io/?EIO=3&EIO=4&transport=x&transport=polling')).status, 200);
    assertFault(
      await get('/socket.io/?EIO=4&EIO=3&transport=polling'),
      400,
      5,
      'Unsupported protocol version',
    );
  });

  test('the query: an empty sid counts as absent', async () => {
    assert.equal((await get('/socket.io/?EIO=4&transport=polling&sid=')).text[0], '0');
  });

  for (const [transport, shown] of [
    ['', 'missing'],
    ['&transport=', 'empty'],
    ['&transport=abc', 'abc'],
    ['&transport=webtransport', 'webtransport, which is off'],
    ['&transport=constructor', 'constructor'],
    ['&transport=__proto__', '__proto__'],
    ['&transport=Polling', 'in capitals'],
  ]) {
    test(`order: transport ${shown} is code 0`, async () => {
      assertFault(await get(`/socket.io/?EIO=4${transport}`), 400, 0, 'Transport unknown');
    });
  }

  test('order: transport is looked at before EIO and before the sid', async () => {
    assertFault(await get('/socket.io/?EIO=abc'), 400, 0, 'Transport unknown');
    assertFault(await get('/socket.io/?EIO=4&transport=x&sid=nobody'), 400, 0, 'Transport unknown');
  });

  test('order: bytes that no header allows inside Origin are code 3', async () => {
    const response = await get(pollingTarget, { headers: { Origin: 'http://a\x01b' } });
    assert.equal(response.status, 400);
  });

  for (const sid of ['nobody', '__proto__', 'constructor', 'hasOwnProperty', 'A'.repeat(20)]) {
    test(`order: sid ${sid} is unknown on GET and POST, whatever EIO says`, async () => {
      for (const method of ['GET', 'POST']) {
        for (const eio of ['4', '3']) {
          const target = `/socket.io/?EIO=${eio}&transport=polling&sid=${sid}`;
          assertFault(await request(it.server, method, target), ...unknownSession);
        }
      }
    });
  }

  test('order: a closed session is unknown', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('1');
    await link.assertGone();
  });

  test('order: a poll after the upgrade is code 3, and so is a POST', async () => {
    const link = await PollingLink.open(it.server);
    const websocket = await link.upgrade();
    websocket.send('40');
    await websocket.message();
    assertFault(await link.poll(), 400, 3, 'Bad request');
    assertFault(await link.post('3'), 400, 3, 'Bad request');
    websocket.destroy();
  });

  test('order: transport=websocket with a sid and without Upgrade is code 3', async () => {
    const link = await PollingLink.open(it.server);
    assertFault(await get(link.websocketTarget), 400, 3, 'Bad request');
    await link.say('3');
  });

  for (const eio of ['', 'EIO=3&', 'EIO=04&', 'EIO=5&']) {
    test(`order: a known sid with '${eio}' is code 3, and the session lives`, async () => {
      const link = await PollingLink.open(it.server);
      const target = `/socket.io/?${eio}transport=polling&sid=${link.sid}`;
      assertFault(await get(target), 400, 3, 'Bad request');
      assertFault(await request(it.server, 'POST', target, { body: '3' }), 400, 3, 'Bad request');
      await link.say('3');
    });
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']) {
    test(`order: a handshake by ${method} is code 2`, async () => {
      const response = await request(it.server, method, pollingTarget);
      if (method === 'HEAD') assert.equal(response.status, 400);
      else assertFault(response, 400, 2, 'Bad handshake method');
    });
  }

  test('order: the method is looked at before EIO', async () => {
    assertFault(
      await request(it.server, 'POST', '/socket.io/?EIO=3&transport=polling'),
      400,
      2,
      'Bad handshake method',
    );
  });

  test('order: transport=websocket without Upgrade is code 3, before EIO', async () => {
    assertFault(await get('/socket.io/?EIO=4&transport=websocket'), 400, 3, 'Bad request');
    assertFault(await get('/socket.io/?EIO=3&transport=websocket'), 400, 3, 'Bad request');
  });

  test('order: the admission hook refuses with 403, code 4 and its text', async () => {
    const blocked = { headers: { 'x-block': '1' } };
    assertFault(await get(pollingTarget, blocked), 403, 4, 'blocked by policy');
  });

  test('order: the admission hook is asked before EIO is looked at', async () => {
    const blocked = { headers: { 'x-block': '1' } };
    assertFault(
      await get('/socket.io/?EIO=3&transport=polling', blocked),
      403,
      4,
      'blocked by policy',
    );
  });

  test('order: the admission hook is asked only for the handshake', async () => {
    const link = await PollingLink.open(it.server);
    const response = await link.post('3', { 'x-block': '1' });
    assert.equal(response.status, 200);
  });

  for (const eio of ['', 'EIO=&', 'EIO=3&', 'EIO=04&', 'EIO=abc&', 'EIO=5&', 'EIO=4.0&']) {
    test(`order: a handshake with '${eio}' is code 5`, async () => {
      assertFault(
        await get(`/socket.io/?${eio}transport=polling`),
        400,
        5,
        'Unsupported protocol version',
      );
    });
  }

  test('a method other than GET and POST with a sid is 405, and the session lives', async () => {
    const link = await PollingLink.open(it.server);
    const response = await request(it.server, 'PUT', link.target, { body: 'x' });
    assertEmpty(response, 405);
    await link.say('3');
  });

  test('websocket: what is refused is refused before the 101, as plain text', async () => {
    for (const [target, text, headers] of [
      ['/socket.io/?EIO=4&transport=abc', 'Transport unknown'],
      ['/socket.io/?EIO=4&transport=websocket&sid=nobody', 'Session ID unknown'],
      ['/socket.io/?EIO=3&transport=websocket', 'Unsupported protocol version'],
      ['/socket.io/?transport=websocket', 'Unsupported protocol version'],
      ['/socket.io/?EIO=4&transport=polling', 'Bad request'],
      ['/socket.io/?EIO=4&transport=websocket', 'blocked by policy', { 'x-block': '1' }],
    ]) {
      const link = await WebSocketLink.attempt(it.server, target, { headers });
      assert.equal(link.response?.status, 400, target);
      assert.equal(link.response.reason, 'Bad Request');
      assert.equal(link.response.header('connection'), 'close');
      assert.equal(link.response.header('content-type'), 'text/html');
      assert.equal(link.response.text, text);
      await link.connection.closed;
    }
  });

  test('an Upgrade by POST is refused', async () => {
    const response = await request(it.server, 'POST', '/socket.io/?EIO=4&transport=websocket', {
      headers: upgradeHeaders(),
    });
    assert.equal(response.status, 400);
  });
});

describe('what the flags change', { concurrency: 4 }, () => {
  test('intervals, payload and path are what the client is told', async () => {
    const server = await Conformance.start(
      ...['--ping-interval', 300, '--ping-timeout', 200, '--max-payload', 5_000],
      ...['--path', '/engine.io/', '--engine-echo'],
    );
    const link = await PollingLink.open(server, { path: '/engine.io/' });
    assert.deepEqual(
      [link.open.pingInterval, link.open.pingTimeout, link.open.maxPayload],
      [300, 200, 5_000],
    );
    assert.equal((await request(server, 'GET', pollingTarget)).status, 404);
    await server.stop();
  });

  test('cookie: `io=<sid>; …`, only on the polling handshake', async () => {
    const server = await Conformance.start('--cookie');
    const link = await PollingLink.open(server);
    assert.equal(
      link.response.header('set-cookie'),
      `io=${link.sid}; Path=/; HttpOnly; SameSite=Lax`,
    );
    const posted = await link.post('40');
    assert.equal(posted.header('set-cookie'), undefined);
    assert.equal((await link.poll()).header('set-cookie'), undefined);
    const websocket = await WebSocketLink.open(server);
    assert.equal(websocket.response.header('set-cookie'), undefined);
    websocket.destroy();
    await server.stop();
  });
});
