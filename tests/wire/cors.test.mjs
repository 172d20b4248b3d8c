// WIRE 2.7: CORS and its preflight, and the same list for WebSocket.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { forTests } from './support/conformance.mjs';
import { PollingLink, pollingTarget, websocketTarget } from './support/engine.mjs';
import { assertFault, request } from './support/http.mjs';
import { WebSocketLink } from './support/websocket.mjs';

const good = 'https://good.example';
const other = 'https://other.example';
const evil = 'https://evil.example';
const from = (origin) => ({ headers: { Origin: origin } });
const corsFields = (response) =>
  response.fields.filter(([name]) => name.toLowerCase().startsWith('access-control-'));

describe('CORS off', { concurrency: 4 }, () => {
  const it = forTests(before);

  test('no header of CORS on any answer, whatever the origin', async () => {
    for (const target of [pollingTarget, '/socket.io/?EIO=3&transport=polling']) {
      const response = await request(it.server, 'GET', target, from(evil));
      assert.deepEqual(corsFields(response), []);
      assert.equal(response.header('vary'), undefined);
    }
  });

  test('a preflight is a handshake by the wrong method', async () => {
    const response = await request(it.server, 'OPTIONS', pollingTarget, from(evil));
    assertFault(response, 400, 2, 'Bad handshake method');
    assert.deepEqual(corsFields(response), []);
  });

  test('WebSocket is open to any origin', async () => {
    const link = await WebSocketLink.open(it.server, websocketTarget, from(evil));
    link.destroy();
  });
});

describe('CORS for anybody', { concurrency: 4 }, () => {
  const it = forTests(before, '--cors', '*');

  test('`*` is on every response: handshake, poll, post, and errors too', async () => {
    const link = await PollingLink.open(it.server, { headers: { Origin: evil } });
    await link.say('40');
    const responses = [
      link.response,
      await link.poll(),
      await link.post('3'),
      await request(it.server, 'GET', '/socket.io/?EIO=3&transport=polling'),
      await request(it.server, 'GET', '/socket.io/?EIO=4&transport=polling&sid=nobody'),
      await request(it.server, 'GET', '/socket.io/?EIO=4&transport=x'),
      await request(it.server, 'PUT', link.target),
      await request(it.server, 'GET', pollingTarget, { headers: { 'x-block': '1' } }),
      await link.post('x'.repeat(1_000_001)),
    ];
    for (const response of responses) {
      assert.equal(response.header('access-control-allow-origin'), '*', String(response.status));
      assert.equal(response.header('access-control-allow-credentials'), undefined);
    }
  });

  test('a preflight is 204 with methods and headers, whatever sid and EIO', async () => {
    for (const target of [pollingTarget, '/socket.io/?EIO=9&transport=x&sid=nobody']) {
      const response = await request(it.server, 'OPTIONS', target, {
        headers: {
          Origin: good,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'content-type, x-custom',
        },
      });
      assert.equal(response.status, 204);
      assert.equal(response.body.length, 0);
      assert.equal(
        response.header('access-control-allow-methods'),
        'GET,HEAD,PUT,PATCH,POST,DELETE',
      );
      assert.equal(response.header('access-control-allow-headers'), 'content-type, x-custom');
      assert.match(response.header('vary'), /Access-Control-Request-Headers/);
      assert.equal(response.header('access-control-allow-origin'), '*');
      assert.equal(response.header('content-length'), '0');
    }
  });
});

describe('CORS for a list', { concurrency: 4 }, () => {
  const it = forTests(before, '--cors', `${good},${other}`);

  test('the origin that matches is echoed, with `Vary: Origin`', async () => {
    for (const origin of [good, other]) {
      const response = await request(it.server, 'GET', pollingTarget, from(origin));
      assert.equal(response.status, 200);
      assert.equal(response.header('access-control-allow-origin'), origin);
      assert.match(response.header('vary'), /Origin/);
    }
  });

  test('a request without an origin is served, and varies by it', async () => {
    const response = await request(it.server, 'GET', pollingTarget);
    assert.equal(response.status, 200);
    assert.equal(response.header('access-control-allow-origin'), undefined);
    assert.match(response.header('vary'), /Origin/);
  });

  test('row 26: a foreign origin is refused: handshake, with a sid, and Upgrade', async () => {
    const link = await PollingLink.open(it.server, { headers: { Origin: good } });
    const refused = [
      await request(it.server, 'GET', pollingTarget, from(evil)),
      await request(it.server, 'GET', link.target, from(evil)),
      await request(it.server, 'POST', link.target, { ...from(evil), body: '3' }),
      (await WebSocketLink.attempt(it.server, websocketTarget, from(evil))).response,
      (await WebSocketLink.attempt(it.server, link.websocketTarget, from(evil))).response,
    ];
    for (const response of refused) {
      assert.ok(response.status === 400 || response.status === 403, String(response.status));
      assert.equal(response.header('access-control-allow-origin'), undefined);
    }
    await link.say('3');
  });

  test('an origin that only looks like a good one is refused', async () => {
    for (const origin of [`${good}.evil.example`, `${good}:8443`, 'HTTPS://good.example', 'null']) {
      const response = await request(it.server, 'GET', pollingTarget, from(origin));
      assertFault(response, 403, 4, 'Forbidden');
    }
  });

  test('a good origin opens a WebSocket and upgrades', async () => {
    const direct = await WebSocketLink.open(it.server, websocketTarget, from(good));
    direct.destroy();
    const link = await PollingLink.open(it.server, { headers: { Origin: good } });
    const upgraded = await WebSocketLink.open(it.server, link.websocketTarget, from(good));
    upgraded.destroy();
  });

  test('the preflight of a good origin names it', async () => {
    const response = await request(it.server, 'OPTIONS', pollingTarget, from(good));
    assert.equal(response.status, 204);
    assert.equal(response.header('access-control-allow-origin'), good);
    assert.match(response.header('vary'), /Origin/);
  });
});
