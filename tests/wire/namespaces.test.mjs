// WIRE 6.2 and 6.3: CONNECT, its refusals, and DISCONNECT.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { forTests } from './support/conformance.mjs';
import { assertAlive, join, joined, openLink } from './support/socketio.mjs';

describe('CONNECT', { concurrency: 8 }, () => {
  const it = forTests(before);

  for (const [packet, nsp, auth] of [
    ['40', '', {}],
    ['40{}', '', {}],
    ['40{"token":"x"}', '', { token: 'x' }],
    ['40/', '', {}],
    ['40/,', '', {}],
    ['40/,{"a":1}', '', { a: 1 }],
    ['40/custom', '/custom,', {}],
    ['40/custom,', '/custom,', {}],
    ['40/custom,{"token":"x"}', '/custom,', { token: 'x' }],
    ['40/dyn-7,', '/dyn-7,', {}],
  ]) {
    test(`\`${packet}\` is answered with a sid of 20, then events follow`, async () => {
      const link = await openLink(it.server);
      link.send(packet);
      const answer = await link.message();
      assert.ok(answer.startsWith(`40${nsp}{`), answer);
      const body = JSON.parse(answer.slice(2 + nsp.length));
      assert.deepEqual(Object.keys(body), ['sid']);
      assert.match(body.sid, /^[A-Za-z0-9_-]{20}$/);
      assert.notEqual(body.sid, link.open.sid);
      assert.equal(await link.message(), `42${nsp}["auth",${JSON.stringify(auth)}]`);
      link.destroy();
    });
  }

  test('the public id does not open the link', async () => {
    const link = await joined(it.server);
    const { WebSocketLink } = await import('./support/websocket.mjs');
    const other = await WebSocketLink.attempt(
      it.server,
      `/socket.io/?EIO=4&transport=websocket&sid=${link.socket.sid}`,
    );
    assert.equal(other.response.status, 400);
    link.destroy();
  });

  test('an unknown namespace is `Invalid namespace`, and the link stays up', async () => {
    const link = await joined(it.server);
    for (const name of ['/nope', '/dyn-', '/dyn-1x', '/Custom', '/constructor', '/__proto__']) {
      link.send(`40${name},`);
      assert.equal(await link.message(), `44${name},{"message":"Invalid namespace"}`);
    }
    await assertAlive(link);
    link.destroy();
  });

  test('a query string in the name of a namespace is no other namespace', async () => {
    const link = await openLink(it.server);
    link.send('40/custom?a=b,');
    const answer = await link.message();
    assert.match(
      answer,
      /^(40\/custom,\{"sid"|44\/custom(\?a=b)?,\{"message":"Invalid namespace"\})/,
    );
    link.destroy();
  });

  test('a refusal says message and data', async () => {
    const link = await openLink(it.server);
    link.send('40/auth,{"token":"wrong"}');
    assert.equal(
      await link.message(),
      '44/auth,{"message":"Not authorized","data":{"code":401,"retry":false}}',
    );
    link.destroy();
  });

  test('a refusal without data has no `data`', async () => {
    const link = await openLink(it.server);
    link.send('40/auth-nodata');
    assert.equal(await link.message(), '44/auth-nodata,{"message":"nope"}');
    link.destroy();
  });

  test('after a refusal the same namespace may be tried again', async () => {
    const link = await openLink(it.server);
    link.send('40/auth,');
    assert.match(await link.message(), /^44\/auth,/);
    const socket = await join(link, '/auth,', { token: 'secret' });
    assert.deepEqual(socket.auth, { token: 'secret' });
    link.destroy();
  });

  test('a second CONNECT for a joined namespace closes the link', async () => {
    const link = await joined(it.server);
    link.send('40');
    await link.assertClosed();
  });

  test('row 28: a second CONNECT while the first is pending makes no second socket', async () => {
    const link = await joined(it.server);
    link.send('40/slow,', '40/slow,');
    const messages = await link.untilClosed();
    assert.ok(messages.filter((message) => message.startsWith('40/slow,')).length <= 1);
  });

  test('an event or ack for a namespace that is pending closes the link', async () => {
    for (const packet of ['42/slow,["message"]', '43/slow,0[]']) {
      const link = await joined(it.server);
      link.send('40/slow,', packet);
      await link.assertClosed();
    }
  });

  test('a slow admission holds up no other namespace', async () => {
    const link = await joined(it.server);
    link.send('40/slow,');
    await assertAlive(link);
    assert.match(await link.message(), /^40\/slow,\{"sid":"/);
    assert.equal(await link.message(), '42/slow,["auth",{}]');
    await assertAlive(link, '/slow,');
    link.destroy();
  });

  test('a link that ends while its admission is pending harms nobody', async () => {
    const links = await Promise.all(Array.from({ length: 30 }, () => joined(it.server)));
    for (const link of links) {
      link.send('40/slow,');
      link.destroy();
    }
    const slow = await openLink(it.server);
    slow.send('40/slow,');
    assert.match(await slow.message(), /^40\/slow,/);
    slow.destroy();
  });

  test('an event for a namespace that was never joined closes the link', async () => {
    const link = await joined(it.server);
    link.send('42/custom,["message"]');
    await link.assertClosed();
  });

  test('namespaces of one link are apart: same ids, other sockets', async () => {
    const link = await joined(it.server);
    const custom = await join(link, '/custom,');
    assert.notEqual(custom.sid, link.socket.sid);
    link.send('420["message-with-ack","root"]', '42/custom,0["message-with-ack","custom"]');
    assert.equal(await link.message(), '430["root"]');
    assert.equal(await link.message(), '43/custom,0["custom"]');
    link.destroy();
  });

  test('the namespaces of one link are limited in number', async () => {
    const link = await joined(it.server);
    link.send(...Array.from({ length: 100 }, (_, n) => `40/dyn-${n}`));
    const messages = await link.untilClosed().catch(() => []);
    const connected = messages.filter((message) => message.startsWith('40/dyn-'));
    assert.ok(connected.length < 100, `${connected.length} were joined`);
  });

  test('refused CONNECTs of one link are limited in number', async () => {
    const link = await openLink(it.server);
    link.send(...Array.from({ length: 100 }, (_, n) => `40/nope${n}`));
    const messages = await link.untilClosed();
    assert.ok(messages.length < 100);
  });
});

describe('DISCONNECT', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('`41` has no reply, and the link stays for other namespaces', async () => {
    const link = await joined(it.server);
    await join(link, '/custom,');
    link.send('41');
    await assertAlive(link, '/custom,');
    link.destroy();
  });

  test('`41` and `40` in one read give a fresh socket', async () => {
    const link = await joined(it.server);
    link.send('41', '40{"again":true}');
    const answer = JSON.parse((await link.message()).slice(2));
    assert.notEqual(answer.sid, link.socket.sid);
    assert.equal(await link.message(), '42["auth",{"again":true}]');
    await assertAlive(link);
    link.destroy();
  });

  test('the comma of `41/custom` may be missing at the end', async () => {
    const link = await joined(it.server);
    await join(link, '/custom,');
    link.send('41/custom', '40/custom');
    assert.match(await link.message(), /^40\/custom,\{"sid":"/);
    link.destroy();
  });

  test('the server disconnects with `41`, and the link stays', async () => {
    const link = await joined(it.server);
    await join(link, '/custom,');
    link.send('42/custom,["kick"]');
    assert.equal(await link.message(), '41/custom,');
    await assertAlive(link);
    link.destroy();
  });

  test('the server disconnects and closes the link, with `41` before', async () => {
    const link = await joined(it.server);
    link.send('42["kick",true]');
    assert.deepEqual(await link.untilClosed(), ['41']);
  });

  test('packets that cross the disconnect of the server close nothing', async () => {
    const link = await joined(it.server);
    await join(link, '/custom,');
    link.send('42/custom,["kick"]', '42/custom,["message",1]', '42/custom,7["message-with-ack"]');
    assert.equal(await link.message(), '41/custom,');
    await assertAlive(link);
    link.destroy();
  });
});
