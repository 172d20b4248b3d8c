// WIRE 6.4 to 6.7: acks, binary, volatile events and rooms.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { eventually, forTests } from './support/conformance.mjs';
import { PollingLink } from './support/engine.mjs';
import { assertAlive, assertCuts, join, joined } from './support/socketio.mjs';

const hole = (num, more = '') => `{"_placeholder":true,"num":${num}${more}}`;

describe('acks', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('the reply is `43<id>[…]` with the same arguments', async () => {
    const link = await joined(it.server);
    link.send('420["message-with-ack",1,"2",{"3":[false]}]', '421["message-with-ack"]');
    assert.equal(await link.message(), '430[1,"2",{"3":[false]}]');
    assert.equal(await link.message(), '431[]');
    link.destroy();
  });

  test('in a namespace it is `43/custom,<id>[…]`', async () => {
    const link = await joined(it.server, '/custom,');
    link.send('42/custom,1["message-with-ack","x"]');
    assert.equal(await link.message(), '43/custom,1["x"]');
    link.destroy();
  });

  test('it is sent at most once', async () => {
    const link = await joined(it.server);
    link.send('425["twice-ack"]');
    assert.equal(await link.message(), '435["first"]');
    await assertAlive(link);
    link.destroy();
  });

  test('an event without an id gets no ack', async () => {
    const link = await joined(it.server);
    link.send('42["message-with-ack",1]', '42["twice-ack"]');
    await assertAlive(link);
    link.destroy();
  });

  test('replies to ids that are unknown are ignored, binary ones too', async () => {
    const link = await joined(it.server);
    link.send('430[]', '4399999["x"]', `461-7[${hole(0)}]`);
    link.sendBinary([1]);
    await assertAlive(link);
    link.destroy();
  });

  test('the server asks, and hears the answer', async () => {
    const link = await joined(it.server);
    // It waits for 300 ms, which a busy machine may miss.
    await eventually('an answer is in time', async () => {
      link.send('42["ask-me"]');
      const [, id] = /^42(\d+)\["question",1\]$/.exec(await link.message());
      link.send(`43${id}["fine"]`);
      return (await link.message()) === '42["answer","fine"]';
    });
    link.destroy();
  });

  test('the server asks in a namespace, and a binary answer is one', async () => {
    const link = await joined(it.server, '/custom,');
    link.send('42/custom,["ask-me"]');
    const [, id] = /^42\/custom,(\d+)\["question",1\]$/.exec(await link.message());
    link.send(`461-/custom,${id}[${hole(0)}]`);
    link.sendBinary([9]);
    const answer = await link.message();
    assert.match(answer, /^4(51-|2)\/custom,\["answer",/);
    if (answer.startsWith('45')) assert.deepEqual(await link.message(), Buffer.from([9]));
    link.destroy();
  });

  test('unanswered, it times out; answers that come late are ignored', async () => {
    const link = await joined(it.server);
    link.send('42["ask-me"]');
    const [, id] = /^42(\d+)\["question",1\]$/.exec(await link.message());
    assert.equal(await link.message(), '42["answer","operation has timed out"]');
    link.send(`43${id}["late"]`, `43${id}["later"]`);
    await assertAlive(link);
    link.destroy();
  });

  test('an answer counts in its own namespace only', async () => {
    const link = await joined(it.server);
    await join(link, '/custom,');
    link.send('42["ask-me"]');
    const [, id] = /^42(\d+)\["question",1\]$/.exec(await link.message());
    link.send(`43/custom,${id}["wrong door"]`);
    assert.equal(await link.message(), '42["answer","operation has timed out"]');
    link.destroy();
  });

  test('row 22: 2000 questions that nobody answers leave nothing behind', async () => {
    const link = await joined(it.server);
    link.send(...Array.from({ length: 2_000 }, () => '42["ask-me"]'));
    let answers = 0;
    while (answers < 2_000) {
      if ((await link.message()).startsWith('42["answer"')) answers += 1;
    }
    await assertAlive(link);
    link.destroy();
  });

  test('a client that goes in the midst of a question harms nobody', async () => {
    for (let n = 0; n < 20; n += 1) {
      const link = await joined(it.server);
      link.send('42["ask-me"]', '42["ask-me"]');
      link.destroy();
    }
    const link = await joined(it.server);
    await assertAlive(link);
    link.destroy();
  });
});

describe('binary', { concurrency: 8 }, () => {
  const it = forTests(before);

  test('an event with attachments comes back with them, depth first', async () => {
    const link = await joined(it.server);
    link.send(`453-["message",${hole(0)},{"a":[${hole(1)},"x"],"b":${hole(2)}}]`);
    link.sendBinary([1, 2, 3], [], [4]);
    assert.equal(
      await link.message(),
      `453-["message-back",${hole(0)},{"a":[${hole(1)},"x"],"b":${hole(2)}}]`,
    );
    assert.deepEqual(await link.message(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await link.message(), Buffer.alloc(0));
    assert.deepEqual(await link.message(), Buffer.from([4]));
    link.destroy();
  });

  test('an ack with attachments is `46`', async () => {
    const link = await joined(it.server, '/custom,');
    link.send(`451-/custom,3["message-with-ack",${hole(0)}]`);
    link.sendBinary([7]);
    assert.equal(await link.message(), `461-/custom,3[${hole(0)}]`);
    assert.deepEqual(await link.message(), Buffer.from([7]));
    link.destroy();
  });

  test('on polling each attachment is a packet of its own', async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    await link.say(`452-["message",${hole(1)},${hole(0)}]\x1ebAQID\x1eb`);
    const packets = await link.packetsUntil(3);
    assert.equal(packets[0], `452-["message-back",${hole(1)},${hole(0)}]`);
    assert.deepEqual(packets.slice(1), ['bAQID', 'b']);
  });

  test('heartbeats may come between a header and its attachments', async () => {
    const link = await joined(it.server);
    link.send(`452-0["message-with-ack",${hole(0)},${hole(1)}]`, '3');
    link.sendBinary([1]);
    link.send('6', '3');
    link.sendBinary([2]);
    assert.match(await link.message(), /^462-0/);
    link.destroy();
  });

  for (const [what, send] of [
    [
      'a text message in between',
      (link) => link.send(`451-["message",${hole(0)}]`, '42["message"]'),
    ],
    ['a binary packet when none is due', (link) => link.sendBinary([1])],
    [
      'one attachment too many',
      (link) => {
        link.send(`451-["message",${hole(0)}]`);
        link.sendBinary([1], [2]);
      },
    ],
  ]) {
    test(`${what} closes the link`, async () => {
      const link = await joined(it.server);
      send(link);
      const messages = await link.untilClosed();
      assert.ok(
        messages.every((message) => typeof message !== 'string' || !message.startsWith('42')),
      );
    });
  }

  for (const num of ['-1', '1', '5', '"0"', '"splice"', '0.5', '1e9', 'null', 'true', '[]']) {
    test(`row 7: a placeholder with num ${num} closes the link`, async () => {
      const link = await joined(it.server);
      link.send(`451-["message",${hole(num)}]`);
      link.sendBinary([1]);
      await link.assertClosed();
    });
  }

  test('row 7: a placeholder without num closes the link', async () => {
    const link = await joined(it.server);
    link.send('451-["message",{"_placeholder":true}]');
    link.sendBinary([1]);
    await link.assertClosed();
  });

  test('extra keys, one attachment used twice and one not used are tolerated', async () => {
    const link = await joined(it.server);
    link.send(`452-["message",${hole(0, ',"x":1')},${hole(0)}]`);
    link.sendBinary([1], [2]);
    assert.match(await link.message(), /^45\d-\["message-back"/);
    while (typeof (await link.message()) !== 'string') {
      if (link.connection.buffered.length === 0) break;
    }
    await assertAlive(link);
    link.destroy();
  });

  test('a `_placeholder` that is not `true` is plain data', async () => {
    const link = await joined(it.server);
    link.send('451-0["message-with-ack",{"_placeholder":false,"num":9},{"_placeholder":"true"}]');
    link.sendBinary([1]);
    assert.match(
      await link.message(),
      /\[\{"_placeholder":false,"num":9\},\{"_placeholder":"true"\}\]$/,
    );
    link.destroy();
  });

  test('ten attachments are taken, eleven close the link', async () => {
    const link = await joined(it.server);
    const holes = Array.from({ length: 10 }, (_, n) => hole(n)).join(',');
    link.send(`4510-["message",${holes}]`);
    link.sendBinary(...Array.from({ length: 10 }, (_, n) => [n]));
    assert.match(await link.message(), /^4510-\["message-back"/);
    link.destroy();
    await assertCuts(it.server, `4511-["message",${holes}]`);
  });
});

describe('volatile', { concurrency: 8 }, () => {
  const it = forTests(before);
  const joinedPolling = async () => {
    const link = await PollingLink.open(it.server);
    await link.say('40');
    await link.packetsUntil(2);
    return link;
  };

  test('on polling without a parked GET it vanishes', async () => {
    const link = await joinedPolling();
    await link.say('42["volatile-me",3]');
    await link.say('42["message","sentinel"]');
    assert.deepEqual(await link.packets(), ['42["message-back","sentinel"]']);
  });

  test('of three on one parked GET the first arrives', async () => {
    const link = await joinedPolling();
    // Nothing tells from outside when the GET is parked; before it is, all three vanish.
    const answer = link.beginPoll().response;
    let isAnswered = false;
    void answer.finally(() => (isAnswered = true));
    while (!isAnswered) {
      await link.say('42["volatile-me",3]');
      await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    assert.equal((await answer).text, '42["vol",0]');
    await link.say('42["message","sentinel"]');
    assert.deepEqual(await link.packets(), ['42["message-back","sentinel"]']);
  });

  test('on a WebSocket that takes what it is given all arrive', async () => {
    const link = await joined(it.server);
    link.send('42["volatile-me",3]');
    for (let n = 0; n < 3; n += 1) assert.equal(await link.message(), `42["vol",${n}]`);
    link.destroy();
  });

  test('on a WebSocket that is full it is dropped', async () => {
    const link = await joined(it.server);
    // Far more than the sockets on the way hold; both come in one read.
    link.send('42["big",30000000]', '42["volatile-me",5]');
    assert.match((await link.message()).slice(0, 20), /^42\["bigdata"/);
    link.send('42["message","sentinel"]');
    assert.equal(await link.message(), '42["message-back","sentinel"]');
    link.destroy();
  });
});

describe('rooms', { concurrency: 4 }, () => {
  const it = forTests(before);

  test('what is said in a room reaches its members on every shard, and nobody else', async () => {
    const members = await Promise.all(Array.from({ length: 6 }, () => joined(it.server)));
    const outsider = await joined(it.server);
    const elsewhere = await joined(it.server, '/custom,');
    for (const member of members) {
      member.send('420["join","r1"]');
      assert.equal(await member.message(), '430["ok"]');
    }
    elsewhere.send('42/custom,0["join","r1"]');
    assert.equal(await elsewhere.message(), '43/custom,0["ok"]');
    members[0].send('42["say","r1","hello",{"n":1}]');
    for (const member of members) {
      assert.equal(await member.message(), '42["said","hello",{"n":1}]');
    }
    await assertAlive(outsider);
    await assertAlive(elsewhere, '/custom,');
    for (const link of [...members, outsider, elsewhere]) link.destroy();
  });

  test('binary said in a room reaches everybody whole', async () => {
    const members = await Promise.all(Array.from({ length: 4 }, () => joined(it.server)));
    for (const member of members) {
      member.send('420["join","bytes"]');
      await member.message();
    }
    members[0].send(`451-["say","bytes",${hole(0)}]`);
    members[0].sendBinary([1, 2, 3]);
    for (const member of members) {
      assert.equal(await member.message(), `451-["said",${hole(0)}]`);
      assert.deepEqual(await member.message(), Buffer.from([1, 2, 3]));
      member.destroy();
    }
  });

  test('one who has gone is in no room', async () => {
    const stays = await joined(it.server);
    const goes = await joined(it.server);
    for (const link of [stays, goes]) {
      link.send('420["join","r2"]');
      await link.message();
    }
    goes.send('41', '40');
    assert.match(await goes.message(), /^40/);
    await goes.message();
    stays.send('42["say","r2",1]');
    assert.equal(await stays.message(), '42["said",1]');
    await assertAlive(goes);
    stays.destroy();
    goes.destroy();
  });
});
