// WIRE 2.4 and 2.5: GET and POST on polling.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { Connection } from './support/bytes.mjs';
import { forTests } from './support/conformance.mjs';
import { parked, PollingLink, separator } from './support/engine.mjs';
import { assertEmpty, readResponse, request, requestBytes } from './support/http.mjs';

describe('GET', { concurrency: 8 }, () => {
  const it = forTests(before);
  const joined = async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    const packets = await link.packetsUntil(2);
    assert.match(packets[0], /^40\{"sid":"/);
    assert.equal(packets[1], '42["auth",{}]');
    return link;
  };

  test('it is held until something is queued, then 200, text/plain, no-store', async () => {
    const link = await joined();
    const poll = link.beginPoll();
    await parked();
    await link.say('42["message",1]');
    const response = await poll.response;
    assert.equal(response.status, 200);
    assert.equal(response.header('content-type'), 'text/plain; charset=UTF-8');
    assert.equal(response.header('cache-control'), 'no-store');
    assert.equal(response.text, '42["message-back",1]');
  });

  test('packets are joined by 0x1E without a separator at either end', async () => {
    const link = await joined();
    await link.say(['42["message",1]', '42["message",2]', '42["message","ü"]'].join(separator));
    const response = await link.poll();
    assert.equal(
      response.text,
      '42["message-back",1]\x1e42["message-back",2]\x1e42["message-back","ü"]',
    );
  });

  test('binary is `b` and padded standard base64, no bytes a bare `b`', async () => {
    const link = await joined();
    await link.say('42["bin"]');
    assert.deepEqual(await link.packetsUntil(4), [
      '453-["bindata",{"_placeholder":true,"num":0},' +
        '{"k":[{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]}]',
      'bAQID',
      'bBA==',
      'b',
    ]);
  });

  test('of two GETs one gets `1` and the other 400, and the session dies', async () => {
    const link = await joined();
    const first = link.beginPoll();
    await parked();
    const second = await link.poll();
    assertEmpty(second, 400);
    const parkedOne = await first.response;
    assert.equal(parkedOne.status, 200);
    assert.equal(parkedOne.text, '1');
    await link.assertGone();
  });

  for (const [how, cut] of [
    ['FIN', (connection) => connection.socket.end()],
    ['RST', (connection) => connection.reset()],
  ]) {
    test(`a peer that ends its parked GET with ${how} ends the session at once`, async () => {
      const link = await joined();
      const poll = link.beginPoll();
      await parked();
      cut(poll.connection);
      await poll.response.catch(() => null);
      await parked();
      await link.assertGone();
    });
  }

  test('at most 16 packets in a response, the rest in the next, in order', async () => {
    const link = await joined();
    await link.say('42["burst",40]');
    const sizes = [];
    const events = [];
    while (events.length < 40) {
      const packets = await link.packets();
      sizes.push(packets.length);
      events.push(...packets);
    }
    assert.deepEqual(sizes, [16, 16, 8]);
    assert.deepEqual(
      events,
      Array.from({ length: 40 }, (_, n) => `42["b",${n}]`),
    );
  });

  test('a header and its attachments are not torn apart by the 16', async () => {
    const link = await joined();
    await link.say(['42["burst",14]', '42["bin"]'].join(separator));
    const first = await link.packets();
    const second = await link.packets();
    assert.equal(first.length, 14);
    assert.deepEqual(second.slice(1), ['bAQID', 'bBA==', 'b']);
  });

  test('many polls on one connection, and a request sent ahead, are answered in turn', async () => {
    const link = await joined();
    const connection = await Connection.open(it.server);
    for (let n = 0; n < 3; n += 1) {
      connection.write(
        Buffer.concat([
          requestBytes('POST', link.target, { body: `42["message",${n}]` }),
          requestBytes('GET', link.target),
        ]),
      );
      assert.equal((await readResponse(connection)).text, 'ok');
      assert.equal((await readResponse(connection)).text, `42["message-back",${n}]`);
    }
    connection.destroy();
  });

  test('sessions of many clients share one connection, as behind a proxy', async () => {
    const links = await Promise.all(Array.from({ length: 6 }, joined));
    const connection = await Connection.open(it.server);
    for (const [n, link] of links.entries()) {
      connection.write(requestBytes('POST', link.target, { body: `42["message",${n}]` }));
      assert.equal((await readResponse(connection)).text, 'ok');
    }
    for (const [n, link] of links.entries()) {
      connection.write(requestBytes('GET', link.target));
      assert.equal((await readResponse(connection)).text, `42["message-back",${n}]`);
    }
    connection.destroy();
  });
});

describe('POST', { concurrency: 8 }, () => {
  const it = forTests(before);
  const open = () => PollingLink.open(it.server);

  test('200, text/html, length 2, no-store, `ok`', async () => {
    const link = await open();
    const response = await link.post('40');
    assert.equal(response.status, 200);
    assert.equal(response.header('content-type'), 'text/html');
    assert.equal(response.header('content-length'), '2');
    assert.equal(response.header('cache-control'), 'no-store');
    assert.equal(response.text, 'ok');
  });

  for (const type of [undefined, 'text/plain;charset=UTF-8', 'text/plain', 'application/json']) {
    test(`content type ${type ?? 'absent'} is fine`, async () => {
      const link = await open();
      const response = await link.post('40', type ? { 'Content-Type': type } : {});
      assert.equal(response.status, 200);
    });
  }

  test('application/octet-stream is 400, answered to the end, and the session dies', async () => {
    for (const type of ['application/octet-stream', 'Application/Octet-Stream; x=1']) {
      const link = await open();
      assertEmpty(await link.post('40', { 'Content-Type': type }), 400);
      await link.assertGone();
    }
  });

  test('a body of exactly the limit is taken', async () => {
    const link = await open();
    await link.say('40');
    await link.packetsUntil(2);
    const head = '42["message-with-ack","';
    const body = `${head}${'x'.repeat(1_000_000 - head.length - 2)}"]`;
    assert.equal(body.length, 1_000_000);
    await link.say(body);
  });

  test('a body one byte over the limit is 413 with nothing, and the session dies', async () => {
    const link = await open();
    const response = await link.post(`4${'x'.repeat(1_000_000)}`);
    assertEmpty(response, 413);
    await link.assertGone();
  });

  test('a body announced as far over the limit is 413 before it is sent', async () => {
    const link = await open();
    const response = await link.post('', { 'Content-Length': '100000000' });
    assertEmpty(response, 413);
    await link.assertGone();
  });

  test('a chunked body that grows over the limit is 413, and no more of it is read', async () => {
    const link = await open();
    const connection = await Connection.open(it.server);
    connection.write(
      requestBytes('POST', link.target, { headers: { 'Transfer-Encoding': 'chunked' } }),
    );
    const chunk = Buffer.concat([
      Buffer.from('10000\r\n'),
      Buffer.alloc(0x10000, 'x'),
      Buffer.from('\r\n'),
    ]);
    for (let n = 0; n < 20; n += 1) connection.write(chunk);
    assertEmpty(await readResponse(connection), 413);
    await connection.closed;
    await link.assertGone();
  });

  test('a chunked body within the limit is taken', async () => {
    const link = await open();
    const response = await request(it.server, 'POST', link.target, {
      headers: { 'Transfer-Encoding': 'chunked' },
      body: '1\r\n4\r\n1\r\n0\r\n0\r\n\r\n',
    });
    assert.equal(response.text, 'ok');
    assert.match((await link.packets())[0], /^40\{"sid":"/);
  });

  for (const [shown, body] of [
    ['an empty body', ''],
    ['a leading separator', '\x1e40'],
    ['a trailing separator', '40\x1e'],
    ['two separators in a row', '40\x1e\x1e42["message"]'],
    ['an unknown digit', '7'],
    ['an unknown letter', 'abc'],
    ['base64 that is none', 'b@@@'],
    ['bytes that are no UTF-8', Buffer.from([0x34, 0x32, 0xff, 0xfe])],
  ]) {
    test(`${shown} is a parse error: the session closes and a parked GET gets \`1\``, async () => {
      const link = await open();
      const poll = link.beginPoll();
      await parked();
      const response = await link.post(body);
      assert.ok([200, 400].includes(response.status));
      const answer = await poll.response;
      assert.equal(answer.status, 200);
      assert.equal(answer.text.split(separator).at(-1), '1');
      await link.assertGone();
    });
  }

  test('a packet of a bad kind ends the payload: what follows does not count', async () => {
    const link = await open();
    await link.say('40');
    await link.packetsUntil(2);
    const poll = link.beginPoll();
    await parked();
    await link.post(['42["message",1]', '7', '42["message",2]'].join(separator));
    const { text } = await poll.response;
    assert.doesNotMatch(text, /message-back",2/);
    await link.assertGone();
  });

  for (const ignored of ['0', '0{"sid":"x"}', '5', '6', '3']) {
    test(`\`${ignored}\` is ignored`, async () => {
      const link = await open();
      await link.say(ignored);
      await link.say('40');
      assert.match((await link.packets())[0], /^40\{"sid":"/);
    });
  }

  for (const ping of ['2', '2probe']) {
    test(`\`${ping}\` from a client closes the session`, async () => {
      const link = await open();
      const response = await link.post(ping);
      assert.ok([200, 400].includes(response.status));
      await link.assertGone();
    });
  }

  test('`1`: the POST gets `ok`, a parked GET gets `6`, then the sid is unknown', async () => {
    const link = await open();
    const poll = link.beginPoll();
    await parked();
    await link.say('1');
    assert.equal((await poll.response).text, '6');
    await link.assertGone();
  });

  for (const [what, begin_] of [
    ['whole', async (link) => link.post('3')],
    [
      'on its way too',
      async (link) => {
        const second = await Connection.open(it.server);
        const headers = { 'Content-Length': 2 };
        second.write(requestBytes('POST', link.target, { headers, body: '4' }));
        return readResponse(second);
      },
    ],
  ]) {
    test(`one POST at a time: a second, ${what}, gets 400, the first is cut`, async () => {
      const link = await open();
      const poll = link.beginPoll();
      const first = await Connection.open(it.server);
      const headers = { 'Content-Length': 2 };
      first.write(requestBytes('POST', link.target, { headers, body: '4' }));
      await parked();
      assertEmpty(await begin_(link), 400);
      await first.closed;
      assert.equal((await poll.response).text, '1');
      await link.assertGone();
    });
  }

  test("base64 broken into lines is taken: Java's client writes it so", async () => {
    const link = await open();
    await link.say('40');
    await link.packetsUntil(2);
    await link.say('451-["message",{"_placeholder":true,"num":0}]\x1ebAQ\r\nID\n');
    assert.equal((await link.packetsUntil(2)).at(-1), 'bAQID');
  });

  test('a POST that comes in pieces is taken, and another after it', async () => {
    const link = await open();
    for (const body of ['40', '42["message",1]']) {
      const connection = await Connection.open(it.server);
      for (const byte of requestBytes('POST', link.target, { body })) {
        connection.write(Buffer.from([byte]));
      }
      assert.equal((await readResponse(connection)).text, 'ok');
      connection.destroy();
    }
    const packets = await link.packetsUntil(3);
    assert.equal(packets.at(-1), '42["message-back",1]');
  });

  test('a POST whose peer goes away in the midst of it leaves room for the next', async () => {
    const link = await open();
    const first = await Connection.open(it.server);
    const headers = { 'Content-Length': 2 };
    first.write(requestBytes('POST', link.target, { headers, body: '4' }));
    await parked();
    first.destroy();
    await parked();
    await link.say('40');
  });

  test('a POST while a GET is parked is the ordinary case', async () => {
    const link = await open();
    const poll = link.beginPoll();
    await parked();
    await link.say('40');
    assert.match((await poll.response).text, /^40\{"sid":"/);
  });
});
