// WIRE 6.1: the grammar of Socket.IO packets, row by row.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { forTests } from './support/conformance.mjs';
import { assertAlive, assertCuts, joined, openLink } from './support/socketio.mjs';

const shown = (text) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

describe('what is refused cuts the link', { concurrency: 8 }, () => {
  const it = forTests(before);

  for (const [kind, packets] of Object.entries({
    'a type that is none': ['47', '48["x"]', '4x', '4-', '4 2["message"]', '4'],
    'CONNECT with what is no object': [
      ...['40/custom,[]', '40/custom,"x"', '40/custom,null', '40/custom,1', '40/custom,true'],
      ...['40/custom,{', '40/custom,{"a":}', '40/custom,{}{}', '40/custom,1{}'],
    ],
    'DISCONNECT with anything': ['41{}', '41[]', '41"x"', '41null', '411', '41,'],
    'EVENT without an array': [
      ...['42', '42{}', '42null', '42"x"', '421', '420', '42true', '42undefined'],
    ],
    'EVENT without a name': [
      ...['42[]', '42[null]', '42[{}]', '42[[]]', '42[true]', '42[false]'],
      '42[{"toString":"foo"}]',
    ],
    'EVENT that is no JSON': [
      ...['42["x"', '42["x",]', '42["x"]]', '42["x"]x', "42['x']", '42["x",NaN]'],
      ...['42["x",01]', '42["x",+1]', '42["x",.5]', '42["x",1.]', '42["x",undefined]'],
      ...['42["x","\\x"]', '42["x","\\u12"]', '42["x","\u0001"]', '42["x",/**/1]', '42["x\n"]'],
    ],
    'EVENT with a reserved name': [
      ...['connect', 'connect_error', 'disconnect', 'disconnecting'],
      ...['newListener', 'removeListener'],
    ].map((name) => `42["${name}",1]`),
    'EVENT with an id that is none': [
      ...['42-1["x"]', '42 0["x"]', '421.5["x"]', '421e3["x"]', '420x1["x"]'],
      '4212345678901234567["x"]',
    ],
    'ACK without an array': ['430', '430{}', '430null', '430"x"', '43[', '430['],
    'ACK without an id': ['43[]', '43["x"]'],
    'CONNECT_ERROR from a client': ['44', '44{}', '44{"message":"x"}', '44/custom,{}'],
    'a binary header that is none': [
      ...['45', '45-["x"]', '45["x"]', '451["x"]', '45a-["x"]', '45-1-["x"]', '451.5-["x"]'],
      ...['451', '451-', '451-{}', '451-[]', '4501-["x",{"_placeholder":true,"num":0}]'],
      ...['46', '461-', '461-0{}', '461-["x"]', '450-["x"]', '4511-["x"]', '46 1-0[]'],
    ],
    'a namespace that is none': ['42/custom["message"]', '42custom,["message"]', '42/,/,["x"]'],
  })) {
    for (const packet of packets) {
      test(`${kind}: \`${shown(packet)}\``, () => assertCuts(it.server, packet));
    }
  }

  for (const packet of ['42["message"]', '41', '430[]', '42/custom,["x"]', '41/custom,']) {
    test(`the first packet must be CONNECT, and is \`${packet}\``, async () => {
      const link = await openLink(it.server);
      link.send(packet);
      await link.assertClosed();
    });
  }
});

describe('what is taken', { concurrency: 8 }, () => {
  const it = forTests(before);

  /** The server sends the arguments back as the same text. */
  async function echoes(link, json) {
    link.send(`42["message",${json}]`);
    assert.equal(await link.message(), `42["message-back",${json}]`);
  }

  test('JSON of every kind passes through unharmed', async () => {
    const link = await joined(it.server);
    for (const json of [
      ...['1', '-1', '0', '-0', '1.5', '1e3', '1E-3', 'true', 'false', 'null', '""', '[]', '{}'],
      ...[
        '"ü"',
        '"😀"',
        '"\\u0000"',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
      ],
      ...['{"a":1,"a":2}', '{"__proto__":{"x":1}}', '{"constructor":1,"toString":2}'],
      ...['9007199254740993', '123456789012345678901234567890', '{"":""}', '[[[[[1]]]]]'],
      '{"_placeholder":true,"num":0}',
      '{"_placeholder":true,"num":"splice"}',
    ]) {
      await echoes(link, json);
    }
    link.destroy();
  });

  test('blanks inside the JSON are JSON', async () => {
    const link = await joined(it.server);
    link.send('420[ "message-with-ack" , [ 1 , 2 ] ]');
    assert.deepEqual(JSON.parse((await link.message()).slice(3)), [[1, 2]]);
    link.destroy();
  });

  test('an event may be named by a number, and by nobody known', async () => {
    const link = await joined(it.server);
    link.send('42[1,"x"]', '42[-1.5]', '42[""]', '42["nobody-listens",1]', '42["__proto__"]');
    await assertAlive(link);
    link.destroy();
  });

  test('row 9: `error` is not reserved and is harmless, in every namespace', async () => {
    for (const nsp of ['', '/custom,', '/dyn-1,']) {
      const link = await joined(it.server, nsp);
      link.send(`42${nsp}["error"]`, `42${nsp}["error",{}]`, `42${nsp}0["error","x"]`);
      await assertAlive(link, nsp);
      link.destroy();
    }
  });

  test('an id of up to sixteen digits comes back as the same number', async () => {
    const link = await joined(it.server);
    for (const id of ['0', '1', '9999', '9007199254740993', '9999999999999999', '007']) {
      link.send(`42${id}["message-with-ack"]`);
      const answer = await link.message();
      assert.match(answer, /^43\d+\[\]$/);
      assert.equal(BigInt(answer.slice(2, -2)), BigInt(id));
    }
    link.destroy();
  });

  test('`/,` names the namespace `/`, and the comma may end a packet', async () => {
    const link = await joined(it.server);
    link.send('42/,5["message-with-ack",1]');
    assert.equal(await link.message(), '435[1]');
    link.destroy();
  });

  test('nesting up to 64 levels passes', async () => {
    const link = await joined(it.server);
    await echoes(link, `${'['.repeat(62)}${']'.repeat(62)}`);
    link.destroy();
  });
});

describe('row 18: recursion', { concurrency: 8 }, () => {
  const it = forTests(before);
  const deep = (open, close, levels) => open.repeat(levels) + close.repeat(levels);

  for (const [what, packet] of [
    ['5000 nested arrays in an event', `42["message",${deep('[', ']', 5_000)}]`],
    ['100 000 nested arrays', `42["message",${deep('[', ']', 100_000)}]`],
    ['5000 nested objects', `42["message",${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}]`],
    ['100 000 opened and never closed', `42["message",${'['.repeat(100_000)}`],
    ['an ack', `430${deep('[', ']', 5_000)}`],
    ['a binary event', `451-["message",${deep('[', ']', 5_000)}]`],
    ['the auth of CONNECT', `40/custom,${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
    ['129 levels', `42["message",${deep('[', ']', 128)}]`],
  ]) {
    test(`${what}: the link is closed`, () => assertCuts(it.server, packet));
  }
});
