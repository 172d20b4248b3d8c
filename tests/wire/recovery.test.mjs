// WIRE 7: connection state recovery: all of it, or a fresh session.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { eventually, forTests } from './support/conformance.mjs';
import { openLink } from './support/socketio.mjs';

/** The arguments of an event without its offset, and the offset. */
function parsed(text, nsp = '') {
  const values = JSON.parse(text.slice(`42${nsp}`.length));
  return { values: values.slice(0, -1), offset: values.at(-1) };
}

describe('recovery', { concurrency: 8 }, () => {
  const it = forTests(before, '--recovery');

  /** A socket: its ids, and the offset of its greeting. */
  async function connect(nsp = '', auth = undefined) {
    const link = await openLink(it.server);
    link.send(`40${nsp}${auth ? JSON.stringify(auth) : ''}`);
    const answer = await link.message();
    assert.ok(answer.startsWith(`40${nsp}{`), answer);
    Object.assign(link, JSON.parse(answer.slice(2 + nsp.length)));
    return link;
  }

  async function greeted(nsp = '', auth = undefined) {
    const link = await connect(nsp, auth);
    link.offset = parsed(await link.message(), nsp).offset;
    return link;
  }

  async function assertFresh(link, lost) {
    assert.notEqual(link.sid, lost.sid);
    assert.notEqual(link.pid, lost.pid);
    assert.match(await link.message(), /^42\["auth",/);
  }

  test('CONNECT is answered with a pid of 20 beside the sid', async () => {
    const link = await connect();
    assert.match(link.pid, /^[A-Za-z0-9_-]{20}$/);
    assert.notEqual(link.pid, link.sid);
    link.destroy();
  });

  test('an event gets a string more, its offset; one that asks for an ack gets none', async () => {
    const link = await greeted();
    assert.equal(typeof link.offset, 'string');
    link.send('42["message",1]');
    const { values, offset } = parsed(await link.message());
    assert.deepEqual(values, ['message-back', 1]);
    assert.equal(typeof offset, 'string');
    assert.notEqual(offset, link.offset);
    link.send('42["ask-me"]');
    assert.match(await link.message(), /^42\d+\["question",1\]$/);
    link.send('42["bin"]');
    const header = await link.message();
    const binary = header.startsWith('453-') ? header : await link.message();
    assert.equal(typeof JSON.parse(binary.slice('453-'.length)).at(-1), 'string');
    link.destroy();
  });

  test('a volatile event ends in a string that can be sent back too', async () => {
    const link = await greeted();
    link.send('42["volatile-me",1]');
    const { values, offset } = parsed(await link.message());
    assert.deepEqual(values, ['vol', 0]);
    link.destroy();
    const again = await connect('', { pid: link.pid, offset });
    assert.equal(again.sid, link.sid);
    again.destroy();
  });

  /** Another member of the room says `count` things while `link` is away. */
  async function sayInRoom(room, count) {
    const speaker = await greeted();
    for (let n = 0; n < count; n += 1) speaker.send(`42["say","${room}",${n}]`);
    speaker.send('429["message-with-ack"]');
    assert.equal(await speaker.message(), '439[]');
    speaker.destroy();
  }

  for (const end of ['destroy', 'reset', 'a half-open link']) {
    test(`after ${end}: same ids, CONNECT first, then what was missed, with offsets`, async () => {
      const room = `after ${end}`;
      const link = await greeted();
      link.send(`420["join","${room}"]`);
      assert.equal(await link.message(), '430["ok"]');
      // A link that nobody knows to be lost reads no more, and its client comes back.
      if (end === 'a half-open link') link.connection.socket.pause();
      else link.connection[end]();
      await sayInRoom(room, 3);
      const again = await connect('', { pid: link.pid, offset: link.offset });
      assert.equal(again.sid, link.sid);
      assert.equal(again.pid, link.pid);
      for (let n = 0; n < 3; n += 1) {
        const { values, offset } = parsed(await again.message());
        assert.deepEqual(values, ['said', n]);
        assert.equal(typeof offset, 'string');
      }
      assert.equal(parsed(await again.message()).values[0], 'auth');
      // The rooms are there again.
      await sayInRoom(room, 1);
      assert.deepEqual(parsed(await again.message()).values, ['said', 0]);
      if (end === 'a half-open link') {
        link.connection.socket.resume();
        await link.connection.closed;
      }
      again.destroy();
    });
  }

  test('with a pid and no offset all is replayed from the start of the session', async () => {
    const link = await connect();
    link.destroy();
    const again = await connect('', { pid: link.pid });
    assert.equal(again.sid, link.sid);
    assert.deepEqual(parsed(await again.message()).values.slice(0, 1), ['auth']);
    again.destroy();
  });

  for (const [what, auth] of [
    ['an offset that is none', ({ pid }) => ({ pid, offset: 'nonsense' })],
    ['an empty offset', ({ pid }) => ({ pid, offset: '' })],
    ['an offset that is no string', ({ pid }) => ({ pid, offset: 7 })],
    ['a pid that nobody has', ({ offset }) => ({ pid: 'A'.repeat(20), offset })],
    ['a pid that is no string', ({ offset }) => ({ pid: { a: 1 }, offset })],
    ['the public id', ({ sid, offset }) => ({ pid: sid, offset })],
  ]) {
    test(`${what}: a fresh session, silently`, async () => {
      const link = await greeted();
      link.destroy();
      await assertFresh(await connect('', auth(link)), link);
    });
  }

  for (const [who, text] of [
    ['the client', '41'],
    ['the server', '42["kick"]'],
  ]) {
    test(`what ${who} ended by DISCONNECT is not recovered`, async () => {
      const link = await greeted();
      link.send(text);
      if (who === 'the server') assert.equal(await link.message(), '41');
      link.destroy();
      await assertFresh(await connect('', { pid: link.pid, offset: link.offset }), link);
    });
  }

  test('row 29: one pid twice makes one live socket, never two', async () => {
    const first = await greeted();
    const auth = { pid: first.pid, offset: first.offset };
    const second = await connect('', auth);
    const third = await connect('', auth);
    const links = [first, second, third];
    const isOpen = links.map(() => true);
    for (const [n, link] of links.entries()) {
      link.connection.closed.then(() => {
        isOpen[n] = false;
      });
    }
    await eventually('those taken over are closed', () => {
      const live = links.filter((_, n) => isOpen[n]);
      return new Set(live.map((link) => link.sid)).size === live.length;
    });
    for (const link of links) link.destroy();
  });

  test('a pid counts in its own namespace only', async () => {
    const link = await greeted();
    link.destroy();
    const other = await connect('/custom,', { pid: link.pid, offset: link.offset });
    assert.notEqual(other.sid, link.sid);
    other.destroy();
  });

  test('who may no longer come in is refused, pid or not', async () => {
    const link = await greeted('/auth,', { token: 'secret' });
    link.destroy();
    const again = await openLink(it.server);
    const auth = { token: 'wrong', pid: link.pid, offset: link.offset };
    again.send(`40/auth,${JSON.stringify(auth)}`);
    assert.match(await again.message(), /^44\/auth,\{"message":"Not authorized"/);
    again.destroy();
  });
});

describe('recovery off', () => {
  const it = forTests(before);

  test('there is no pid and no offset, and a pid that is sent is nothing', async () => {
    const link = await openLink(it.server);
    link.send(`40{"pid":"${'A'.repeat(20)}","offset":"x"}`);
    assert.deepEqual(Object.keys(JSON.parse((await link.message()).slice(2))), ['sid']);
    await link.message();
    link.send('42["message",1]');
    assert.equal(await link.message(), '42["message-back",1]');
    link.destroy();
  });
});
