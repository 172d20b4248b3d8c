// WIRE 10, the rows that come over a link. After each the server stands where it stood before.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { forTests } from './support/conformance.mjs';
import { openWebSocket, PollingLink } from './support/engine.mjs';
import { drained, many, survives, volume } from './support/health.mjs';
import { assertAlive, assertCuts, joined, openLink } from './support/socketio.mjs';
import { closePayload, frameBytes, opcodes, WebSocketLink } from './support/websocket.mjs';

const hole = (num) => `{"_placeholder":true,"num":${num}}`;
const fragment = frameBytes('x', { opcode: opcodes.continuation, isFinal: false });

describe('hostile links', () => {
  const it = forTests(before);
  const row = (name, attack) => test(`row ${name}`, () => survives(it.server, attack));

  row('7: placeholders that name no attachment close the link', async () => {
    for (const num of ['"splice"', '-1', '5', '"0"', '0.5', '1e9', '1e400', 'null']) {
      const link = await joined(it.server);
      link.send(`451-["message",${hole(num)}]`);
      link.sendBinary([1]);
      await link.assertClosed();
    }
  });

  row('8: names of events that are no string close the link', async () => {
    for (const packet of ['42[{"toString":"foo"}]', '42[null]', '42[[]]', '42[true]']) {
      await assertCuts(it.server, packet);
    }
  });

  row('9: the event `error` does nothing, also in another namespace', async () => {
    for (const nsp of ['', '/custom,']) {
      const link = await joined(it.server, nsp);
      link.send(`42${nsp}["error"]`, `42${nsp}["error",{}]`, `42${nsp}["error",null,1]`);
      await assertAlive(link, nsp);
      link.destroy();
    }
  });

  row('11: more than ten attachments close the link at the header', async () => {
    await assertCuts(it.server, `4511-["message",${hole(0)}]`);
    await assertCuts(it.server, `4599999999999-["message",${hole(0)}]`);
    await assertCuts(it.server, `45${'9'.repeat(100_000)}-["message",${hole(0)}]`);
  });

  row('11: ten attachments of 1 MB are bounded, on many links at once', async () => {
    const holes = Array.from({ length: 10 }, (_, n) => hole(n)).join(',');
    const attachment = frameBytes(Buffer.alloc(1_000_000, 'a'), { opcode: opcodes.binary });
    await many(12, 4, async (n) => {
      const link = await joined(it.server);
      link.send(`4510-["nobody-listens",${holes}]`);
      // Half of them stop before the last.
      for (let sent = 0; sent < (n % 2 === 0 ? 10 : 9) && !link.connection.isEnded; sent += 1) {
        link.connection.write(attachment);
        await drained(link.connection);
      }
      if (n % 2 === 0) await assertAlive(link);
      link.destroy();
    });
  });

  row('12: no attachments announced: closed at the header, whatever follows', async () => {
    const link = await joined(it.server);
    const binary = frameBytes([1], { opcode: opcodes.binary });
    link.send('450-["m"]');
    link.connection.write(Buffer.concat(Array.from({ length: 10_000 }, () => binary)));
    assert.deepEqual(await link.untilClosed(), []);
    await link.connection.closed;
  });

  row('15: a million one-byte fragments of one message close the link', async () => {
    const link = await joined(it.server);
    link.sendFrame('4', { isFinal: false });
    const thousand = Buffer.concat(Array.from({ length: 1_000 }, () => fragment));
    for (let sent = 0; sent < 1_000 && !link.connection.isEnded; sent += 1) {
      link.connection.write(thousand);
      await drained(link.connection);
    }
    await link.untilClosed();
    await link.connection.closed;
  });

  const stuckLinks = volume(300, 1_000);
  row(`15: ${stuckLinks} links stuck at 16 000 fragments are bounded, and go`, async () => {
    const stuck = Buffer.concat([
      frameBytes('4', { isFinal: false }),
      ...Array.from({ length: 16_000 }, () => fragment),
    ]);
    const links = [];
    const before_ = it.server.memory();
    await many(stuckLinks, 20, async () => {
      const link = await openWebSocket(it.server);
      link.connection.write(stuck);
      link.sendFrame('', { opcode: opcodes.ping });
      assert.equal((await link.frame()).opcode, opcodes.pong);
      links.push(link);
    });
    const perLink = (it.server.memory() - before_) / links.length;
    assert.ok(perLink < 256 * 1024, `${perLink} bytes a link`);
    for (const link of links) link.destroy();
  });

  row('16: a close frame is echoed with its own bytes only, a bad one is 1002', async () => {
    for (const [payload, codes] of [
      ['', [1005]],
      ['x', [1002]],
      [closePayload(1000), [1000]],
      [closePayload(1000, 'y'.repeat(123)), [1000]],
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => [
        closePayload(code),
        [1002],
      ]),
      [Buffer.concat([closePayload(1000), Buffer.from([0xff, 0xfe])]), [1007]],
    ]) {
      const link = await openWebSocket(it.server);
      link.sendFrame(payload, { opcode: opcodes.close });
      const answer = await link.frame();
      assert.equal(answer.opcode, opcodes.close);
      const code = answer.payload.length >= 2 ? answer.payload.readUInt16BE() : 1005;
      assert.ok(codes.includes(code), `${payload.toString('hex')} was answered ${code}`);
      const echoed = answer.payload.subarray(2);
      assert.ok(Buffer.from(payload).subarray(2).equals(echoed) || echoed.length === 0);
      await link.connection.closed;
    }
  });

  row('21: one that stops reading is dropped at its limit, and others lose nothing', async () => {
    const [writer, reader, stalled] = await Promise.all(
      Array.from({ length: 3 }, () => joined(it.server)),
    );
    for (const link of [reader, stalled]) {
      link.send('420["join","all"]');
      assert.equal(await link.message(), '430["ok"]');
    }
    stalled.connection.socket.pause();
    const count = 2_000;
    const said = frameBytes(`42["say","all","${'z'.repeat(100_000)}"]`);
    for (let sent = 0; sent < count; sent += 1) {
      writer.connection.write(said);
      // The reader is no slow one: it keeps up.
      assert.equal((await reader.message()).length, 100_000 + '42["said",""]'.length);
    }
    stalled.connection.socket.resume();
    const rest = await stalled.untilClosed();
    assert.ok(rest.length < count, `${rest.length} of ${count} arrived`);
    for (const link of [writer, reader]) {
      await assertAlive(link);
      link.destroy();
    }
  });

  const questions = volume(20_000, 100_000);
  row(`22: ${questions} questions that nobody answers leave nothing behind`, async () => {
    const link = await joined(it.server);
    // Each is told that nobody answered, also those that were over what a socket may owe at once.
    for (let asked = 0; asked < questions; asked += 1_000) {
      link.send(...Array.from({ length: 1_000 }, () => '42["ask-me"]'));
      for (let answers = 0; answers < 1_000; ) {
        if ((await link.message()).startsWith('42["answer"')) answers += 1;
      }
    }
    await assertAlive(link);
    link.destroy();
  });

  row('24: 100 000 CONNECTs on one link are cut short', async () => {
    for (const name of ['x', 'dyn-']) {
      const link = await openLink(it.server);
      for (let sent = 0; sent < 100_000 && !link.connection.isEnded; sent += 1_000) {
        link.send(...Array.from({ length: 1_000 }, (_, n) => `40/${name}${sent + n},`));
        await drained(link.connection);
      }
      const messages = await link.untilClosed();
      assert.ok(messages.length < 200, `${messages.length} answers`);
      await link.connection.closed;
    }
  });

  row('28: two CONNECTs in flight make at most one socket', async () => {
    await many(100, 10, async () => {
      const link = await openLink(it.server);
      link.send('40/slow,', '40/slow,');
      const messages = await link.untilClosed();
      assert.ok(messages.filter((each) => each.startsWith('40/slow,')).length <= 1);
    });
  });

  row('a flood of pings from a peer that does not read is bounded', async () => {
    const link = await joined(it.server);
    link.connection.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 1_000 }, () => frameBytes('p'.repeat(125), { opcode: opcodes.ping })),
    );
    for (let sent = 0; sent < 300 && !link.connection.isEnded; sent += 1) {
      link.connection.write(pings);
    }
    // It is cut, or hears all of them: either way it ends by what it says next.
    link.send('1');
    link.connection.socket.resume();
    await link.connection.closed;
  });

  row('1000 links that come and go at once', async () => {
    await many(1_000, 50, async (n) => {
      const link = await joined(it.server);
      link.send('420["join","r"]');
      if (n % 3 === 0) link.connection.reset();
      else link.destroy();
    });
  });
});

describe('half-done upgrades', () => {
  const it = forTests(
    before,
    ...['--upgrade-timeout', 1_000, '--ping-interval', 1_500, '--ping-timeout', 1_500],
  );

  const halfDone = volume(1_000, 5_000);
  test(`row 25: ${halfDone} that probe and say nothing are reaped, the heartbeat runs`, () =>
    survives(it.server, async () => {
      const candidates = [];
      await many(halfDone, 20, async () => {
        const link = await PollingLink.open(it.server);
        const websocket = await WebSocketLink.open(it.server, link.websocketTarget);
        websocket.send('2probe');
        candidates.push({ link, websocket });
      });
      for (const { websocket } of candidates) await websocket.connection.closed;
      for (const { link } of candidates) {
        const { status } = await link.poll();
        // Within its time it still lives, and hears a ping or the end.
        assert.ok([200, 400].includes(status));
      }
    }));
});
