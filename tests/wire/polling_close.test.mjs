// WIRE 2.6 and what HTTP/1.1 asks beneath: the server's close on polling, and connections.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { Connection } from './support/bytes.mjs';
import { forTests } from './support/conformance.mjs';
import { parked, PollingLink, separator } from './support/engine.mjs';
import { begin, readResponse, requestBytes } from './support/http.mjs';

describe('the server closes', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('with a GET parked: what is queued is flushed, then `1`', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    const poll = link.beginPoll();
    await parked();
    await link.say('42["kick",true]');
    const packets = [];
    let response = await poll.response;
    while (response.status === 200 && !packets.includes('1')) {
      packets.push(...response.text.split(separator));
      if (!packets.includes('1')) response = await link.poll();
    }
    assert.deepEqual(
      packets.filter((packet) => packet !== '6'),
      ['41', '1'],
    );
    await link.assertGone();
  });

  test('without a GET: a GET that finds nothing queued gets `6` and `1`', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    await link.say('42["kick",true]');
    const packets = [...(await link.packets())];
    if (!packets.includes('1')) packets.push(...(await link.packets()));
    assert.deepEqual(packets, ['41', '6', '1']);
    await link.assertGone();
  });

  test('a POST after the close is still answered, and its packets count for nothing', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    await link.say('42["kick",true]');
    const response = await link.post('42["message",1]');
    assert.equal(response.status, 200);
    const packets = [...(await link.packets())];
    if (!packets.includes('1')) packets.push(...(await link.packets()));
    assert.ok(packets.every((packet) => !packet.includes('message-back')));
  });
});

describe('HTTP under it', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('HTTP/1.0 without keep-alive is answered and closed', async () => {
    const connection = await Connection.open(it.server);
    connection.write('GET /socket.io/?EIO=4&transport=polling HTTP/1.0\r\n\r\n');
    const response = await readResponse(connection);
    assert.equal(response.status, 200);
    await connection.closed;
  });

  test('`Connection: close` is obeyed', async () => {
    const connection = await Connection.open(it.server);
    connection.write(
      requestBytes('GET', '/socket.io/?EIO=4&transport=polling', {
        headers: { Connection: 'close' },
      }),
    );
    const response = await readResponse(connection);
    assert.equal(response.header('connection'), 'close');
    await connection.closed;
  });

  test('`Expect: 100-continue` is answered before the body', async () => {
    const link = await PollingLink.open(it.server);
    const connection = await Connection.open(it.server);
    connection.write(
      requestBytes('POST', link.target, {
        headers: { Expect: '100-continue', 'Content-Length': '2' },
      }),
    );
    const word = await connection.through('\r\n\r\n');
    assert.match(word.toString(), /^HTTP\/1\.1 100 /);
    connection.write('40');
    assert.equal((await readResponse(connection)).text, 'ok');
    connection.destroy();
  });

  test('a HEAD has no body and says how long it would be', async () => {
    const response = await begin(it.server, 'HEAD', '/nothing').response;
    assert.equal(response.status, 404);
    assert.equal(response.body.length, 0);
  });
});
