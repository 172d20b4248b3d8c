// WIRE 3.1 to 3.3: opening, frames and forced base64.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { forTests } from './support/conformance.mjs';
import { openWebSocket, PollingLink, separator, websocketTarget } from './support/engine.mjs';
import { assertAlive, joined, openLink } from './support/socketio.mjs';
import { closePayload, frameBytes, opcodes, WebSocketLink } from './support/websocket.mjs';

describe('opening', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('the 101 names neither an extension nor a subprotocol that nobody offered', async () => {
    const link = await WebSocketLink.open(it.server);
    assert.equal(link.response.header('upgrade').toLowerCase(), 'websocket');
    assert.equal(link.response.header('connection').toLowerCase(), 'upgrade');
    assert.equal(link.response.header('sec-websocket-extensions'), undefined);
    assert.equal(link.response.header('sec-websocket-protocol'), undefined);
    link.destroy();
  });

  test('permessage-deflate is not taken', async () => {
    const link = await WebSocketLink.open(it.server, websocketTarget, {
      headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    });
    assert.equal(link.response.header('sec-websocket-extensions'), undefined);
    assert.equal((await link.message())[0], '0');
    link.destroy();
  });

  test('of subprotocols the first is echoed, or none', async () => {
    const link = await WebSocketLink.open(it.server, websocketTarget, {
      headers: { 'Sec-WebSocket-Protocol': 'first, second' },
    });
    assert.ok(['first', undefined].includes(link.response.header('sec-websocket-protocol')));
    link.destroy();
  });

  for (const [shown, headers] of [
    ['no key', { 'Sec-WebSocket-Key': '' }],
    ['a key that is not sixteen bytes', { 'Sec-WebSocket-Key': 'YWJj' }],
    ['version 8', { 'Sec-WebSocket-Version': '8' }],
    ['no version', { 'Sec-WebSocket-Version': '' }],
  ]) {
    test(`${shown}: 400 or 426 before any 101`, async () => {
      const link = await WebSocketLink.attempt(it.server, websocketTarget, { headers });
      assert.ok([400, 426].includes(link.response.status), String(link.response.status));
      await link.connection.closed;
    });
  }

  test('header values count without case, and among others', async () => {
    const link = await WebSocketLink.open(it.server, websocketTarget, {
      headers: { Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' },
    });
    assert.equal((await link.message())[0], '0');
    link.destroy();
  });

  test('frames that come in the same segment as the request are read', async () => {
    const link = await WebSocketLink.open(it.server, websocketTarget, {
      early: Buffer.concat([frameBytes('40'), frameBytes('420["message-with-ack",1]')]),
    });
    assert.equal((await link.message())[0], '0');
    assert.match(await link.message(), /^40\{"sid":"/);
    assert.equal(await link.message(), '42["auth",{}]');
    assert.equal(await link.message(), '430[1]');
    link.destroy();
  });
});

describe('frames', { concurrency: 8 }, () => {
  const it = forTests(before);

  for (const [shown, payload] of [
    ['an unknown digit', '7'],
    ['an unknown letter', 'x'],
    ['an empty text', ''],
    ['`2`', '2'],
    ['`2probe`', '2probe'],
    ['a message that is no Socket.IO', '4'],
  ]) {
    test(`${shown} closes the link`, async () => {
      const link = await joined(it.server);
      link.send(payload);
      await link.assertClosed();
    });
  }

  test('text that is no UTF-8 closes with 1007', async () => {
    const link = await joined(it.server);
    link.sendFrame(Buffer.from([0x34, 0x32, 0xc0, 0xaf]));
    await link.assertClosed(1007);
  });

  for (const ignored of ['3', '6', '5', '0', '0{}', '3probe']) {
    test(`\`${ignored}\` is ignored`, async () => {
      const link = await joined(it.server);
      link.send(ignored);
      await assertAlive(link);
      link.destroy();
    });
  }

  test('`1` closes at once', async () => {
    const link = await joined(it.server);
    link.send('1');
    await link.assertClosed();
  });

  test('a ping is answered by a pong with the same payload, in any state of the link', async () => {
    for (const link of [await openWebSocket(it.server), await joined(it.server)]) {
      for (const payload of ['', 'hello', 'x'.repeat(125)]) {
        link.sendFrame(payload, { opcode: opcodes.ping });
        const pong = await link.frame();
        assert.equal(pong.opcode, opcodes.pong);
        assert.equal(pong.payload.toString(), payload);
      }
      link.destroy();
    }
  });

  test('an unsolicited pong frame is ignored', async () => {
    const link = await joined(it.server);
    link.sendFrame('x', { opcode: opcodes.pong });
    await assertAlive(link);
    link.destroy();
  });

  test('a message in fragments, with a ping between them, is one message', async () => {
    const link = await joined(it.server);
    link.sendFrame('420["message-', { isFinal: false });
    link.sendFrame('p', { opcode: opcodes.ping });
    link.sendFrame('with-ack"', { opcode: opcodes.continuation, isFinal: false });
    link.sendFrame('', { opcode: opcodes.continuation, isFinal: false });
    link.sendFrame(',"é"]', { opcode: opcodes.continuation });
    const pong = await link.frame();
    assert.equal(pong.opcode, opcodes.pong);
    assert.equal(await link.message(), '430["é"]');
    link.destroy();
  });

  test('a character cut between two fragments is whole again', async () => {
    const link = await joined(it.server);
    const bytes = Buffer.from('421["message-with-ack","😀"]');
    const cut = bytes.indexOf(0xf0) + 2;
    link.sendFrame(bytes.subarray(0, cut), { isFinal: false });
    link.sendFrame(bytes.subarray(cut), { opcode: opcodes.continuation });
    assert.equal(await link.message(), '431["😀"]');
    link.destroy();
  });

  test('a message cut anywhere by TCP is one message', async () => {
    const link = await joined(it.server);
    const bytes = frameBytes('425["message-with-ack","cut"]');
    for (const byte of bytes) link.connection.write(Buffer.from([byte]));
    assert.equal(await link.message(), '435["cut"]');
    link.destroy();
  });

  for (const [shown, send, code] of [
    ['an unmasked frame', (link) => link.sendFrame('40', { isMasked: false }), 1002],
    ['RSV1', (link) => link.sendFrame('3', { rsv: 4 }), 1002],
    ['RSV2 and RSV3', (link) => link.sendFrame('3', { rsv: 3 }), 1002],
    ['an opcode that is reserved', (link) => link.sendFrame('3', { opcode: 3 }), 1002],
    ['a control opcode that is reserved', (link) => link.sendFrame('', { opcode: 11 }), 1002],
    [
      'a control frame in fragments',
      (link) => link.sendFrame('x', { opcode: 9, isFinal: false }),
      1002,
    ],
    [
      'a control frame over 125 bytes',
      (link) => link.sendFrame('x'.repeat(126), { opcode: 9 }),
      1002,
    ],
    ['a continuation of nothing', (link) => link.sendFrame('x', { opcode: 0 }), 1002],
    [
      'a new message inside a fragmented one',
      (link) => {
        link.sendFrame('4', { isFinal: false });
        link.sendFrame('3');
      },
      1002,
    ],
    [
      'a length above 2^63',
      (link) => link.connection.write(Buffer.from('81ffffffffffffffffff00000000', 'hex')),
      1002,
      1009,
    ],
  ]) {
    test(`${shown} closes with ${code}`, async () => {
      const link = await openWebSocket(it.server);
      send(link);
      await link.assertClosed(code, 1009);
    });
  }

  test('a message of exactly the limit is taken', async () => {
    const link = await joined(it.server);
    const head = '421["message-with-ack","';
    const text = `${head}${'x'.repeat(1_000_000 - head.length - 2)}"]`;
    link.send(text);
    assert.equal((await link.message()).length, 1_000_000 - '421["message-with-ack",'.length + 4);
    link.destroy();
  });

  test('a message one byte over the limit closes with 1009, sent or announced', async () => {
    for (const bytes of [
      frameBytes('x'.repeat(1_000_001)),
      frameBytes('x'.repeat(1_000_001)).subarray(0, 14),
    ]) {
      const link = await joined(it.server);
      link.connection.write(bytes);
      await link.assertClosed(1009);
    }
  });

  test('the limit is on the reassembled message', async () => {
    const link = await joined(it.server);
    link.sendFrame('4'.repeat(600_000), { isFinal: false });
    link.sendFrame('4'.repeat(400_001), { opcode: opcodes.continuation });
    await link.assertClosed(1009);
  });

  test('fragments of one message are limited in number', async () => {
    const link = await joined(it.server);
    link.sendFrame('4', { isFinal: false });
    const empty = frameBytes('', { opcode: opcodes.continuation, isFinal: false });
    link.connection.write(Buffer.concat(Array.from({ length: 20_000 }, () => empty)));
    await link.untilClosed();
    assert.ok([1008, 1009, null].includes(link.closeCode), String(link.closeCode));
  });

  test('a close frame is answered with its code, then the connection ends', async () => {
    for (const [payload, code] of [
      ['', 1005],
      [closePayload(1000, 'bye'), 1000],
      [closePayload(1001), 1001],
      [closePayload(4000), 4000],
    ]) {
      const link = await joined(it.server);
      link.sendFrame(payload, { opcode: opcodes.close });
      await link.assertClosed(code);
    }
  });
});

describe('base64', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('with b64=1 binary goes out as text `b…`', async () => {
    const link = await openWebSocket(it.server, `${websocketTarget}&b64=1`);
    link.send('40');
    await link.message();
    await link.message();
    link.send('42["bin"]');
    assert.match(await link.message(), /^453-\["bindata"/);
    assert.deepEqual(
      [await link.message(), await link.message(), await link.message()],
      ['bAQID', 'bBA==', 'b'],
    );
    link.destroy();
  });

  test('without it binary goes out as a binary frame without a type byte', async () => {
    const link = await joined(it.server);
    link.send('42["bin"]');
    assert.match(await link.message(), /^453-\["bindata"/);
    assert.deepEqual(await link.message(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await link.message(), Buffer.from([4]));
    assert.deepEqual(await link.message(), Buffer.alloc(0));
    link.destroy();
  });

  test('a text frame that begins with `b` is a binary message, with or without b64', async () => {
    for (const target of [websocketTarget, `${websocketTarget}&b64=1`]) {
      const link = await openWebSocket(it.server, target);
      link.send('40');
      await link.message();
      await link.message();
      link.send('451-0["message-with-ack",{"_placeholder":true,"num":0}]', 'bAQIDBA==');
      assert.equal(await link.message(), '461-0[{"_placeholder":true,"num":0}]');
      const bytes = await link.message();
      assert.deepEqual(
        typeof bytes === 'string' ? Buffer.from(bytes.slice(1), 'base64') : bytes,
        Buffer.from([1, 2, 3, 4]),
      );
      link.destroy();
    }
  });
});

describe('bare Engine.IO', { concurrency: 8 }, () => {
  const it = forTests(before, '--engine-echo');

  test('a text message comes back as it was', async () => {
    const link = await openLink(it.server);
    link.send('4hello', '4', '4ü\u0000');
    assert.deepEqual(
      [await link.message(), await link.message(), await link.message()],
      ['4hello', '4', '4ü\u0000'],
    );
    link.destroy();
  });

  test('a binary message comes back as it was, an empty one too', async () => {
    const link = await openLink(it.server);
    link.sendBinary([1, 2, 3, 0, 255], []);
    assert.deepEqual(await link.message(), Buffer.from([1, 2, 3, 0, 255]));
    assert.deepEqual(await link.message(), Buffer.alloc(0));
    link.destroy();
  });

  test('a payload of text and binary packets comes back on the poll', async () => {
    const link = await PollingLink.open(it.server);
    await link.say(['4test1', 'bAQIDBA==', '4test2', 'b'].join(separator));
    assert.deepEqual(await link.packetsUntil(4), ['4test1', 'bAQIDBA==', '4test2', 'b']);
  });
});
