// Official clients of every age, unmodified, by every transport (WIRE 11).

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, describe, test } from 'node:test';

import { eventually, forTests } from './support/conformance.mjs';
import { assertFault, request } from './support/http.mjs';

const require = createRequire(import.meta.url);
const versions = ['3.0', '3.1', '4.0', '4.4', '4.6', '4.7', '4.8'];
const modes = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: {},
  'websocket first': { transports: ['websocket', 'polling'], tryAllTransports: true },
  base64: { forceBase64: true },
};
/** Where a link ends up. */
const endsOn = (mode) => (mode === 'polling' ? 'polling' : 'websocket');
const bytes = (...values) => Buffer.from(values);

/** The arguments of the next event. */
const next = (socket, event) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${event}`)), 20_000);
    socket.once(event, (...values) => {
      clearTimeout(late);
      resolve(values);
    });
  });

const ask = (socket, event, ...values) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ack of ${event}`)), 20_000);
    socket.emit(event, ...values, (...answer) => {
      clearTimeout(late);
      resolve(answer);
    });
  });

/** The server asks. It waits for 300 ms, which a busy machine may miss: then it asks again. */
function answers(socket, listener, wanted) {
  return eventually('an answer is in time', async () => {
    socket.once('question', listener);
    const answer = next(socket, 'answer');
    socket.emit('ask-me');
    return (await answer)[0] === wanted;
  });
}

describe('socket.io-client', { concurrency: 6 }, () => {
  const it = forTests(before);

  /** A socket that is connected, closed after the test. */
  async function connect(t, io, options, nsp = '/', auth = { token: 'secret' }) {
    const socket = io(`http://127.0.0.1:${it.server.port}${nsp}`, {
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      auth,
      ...options,
    });
    t.after(() => socket.disconnect());
    const greeting = next(socket, 'auth');
    await next(socket, 'connect');
    assert.deepEqual(await greeting, [auth]);
    assert.match(socket.id, /^[A-Za-z0-9_-]{20}$/);
    return socket;
  }

  async function checkEvents(socket) {
    const values = [1, '2', { 3: [false, null] }, 'ü😀', []];
    const back = next(socket, 'message-back');
    socket.emit('message', ...values);
    assert.deepEqual(await back, values);
  }

  /** A client too drops what is volatile while its transport is busy. */
  async function checkVolatile(socket) {
    let heard = 0;
    const hear = () => (heard += 1);
    socket.on('message-back', hear);
    await eventually('one arrives', () => {
      if (heard === 0) socket.volatile.emit('message', 'volatile');
      return heard > 0;
    });
    await ask(socket, 'message-with-ack');
    socket.off('message-back', hear);
  }

  async function checkAcks(socket) {
    assert.deepEqual(await ask(socket, 'message-with-ack', 1, { a: 2 }), [1, { a: 2 }]);
    assert.deepEqual(await ask(socket, 'twice-ack'), ['first']);
    await answers(socket, (value, answer) => answer(`${value} is answered`), '1 is answered');
  }

  async function checkBinary(socket) {
    const back = next(socket, 'message-back');
    socket.emit('message', bytes(1, 2, 3), { deep: [bytes(), bytes(255)] });
    assert.deepEqual(await back, [bytes(1, 2, 3), { deep: [bytes(), bytes(255)] }]);
    assert.deepEqual(await ask(socket, 'message-with-ack', bytes(9)), [bytes(9)]);
    const data = next(socket, 'bindata');
    socket.emit('bin');
    assert.deepEqual(await data, [bytes(1, 2, 3), { k: [bytes(4), bytes()] }]);
    await answers(socket, (value, answer) => answer('plain', bytes(7)), 'plain');
  }

  async function checkRooms(t, io, options, socket) {
    const other = await connect(t, io, options);
    const room = `room of ${socket.id}`;
    for (const each of [socket, other]) assert.deepEqual(await ask(each, 'join', room), ['ok']);
    const heard = [next(socket, 'said'), next(other, 'said')];
    other.emit('say', room, 'hello', bytes(5));
    for (const each of heard) assert.deepEqual(await each, ['hello', bytes(5)]);
    other.disconnect();
  }

  async function checkNamespaces(socket) {
    const { io: manager } = socket;
    const open = (name) => manager.socket(name, { auth: { token: 'wrong' } });
    const refused = open('/auth');
    const [error] = await next(refused, 'connect_error');
    assert.equal(error.message, 'Not authorized');
    assert.deepEqual(error.data, { code: 401, retry: false });
    const unknown = open('/nope');
    assert.equal((await next(unknown, 'connect_error'))[0].message, 'Invalid namespace');
    const custom = open('/dyn-42');
    await next(custom, 'connect');
    assert.notEqual(custom.id, socket.id);
    assert.deepEqual(await ask(custom, 'message-with-ack', 'there'), ['there']);
    const ended = next(custom, 'disconnect');
    custom.emit('kick');
    assert.equal((await ended)[0], 'io server disconnect');
    assert.deepEqual(await ask(socket, 'message-with-ack', 'here'), ['here']);
    // One that is left makes older clients come back for ever.
    for (const each of [refused, unknown, custom]) each.disconnect();
  }

  async function checkReconnect(socket) {
    const first = socket.id;
    const lost = next(socket, 'disconnect');
    const again = next(socket, 'connect');
    socket.io.engine.close();
    assert.ok(['forced close', 'transport close'].includes((await lost)[0]));
    await again;
    assert.notEqual(socket.id, first);
    assert.deepEqual(await ask(socket, 'message-with-ack', 'back'), ['back']);
  }

  async function checkEnds(t, io, options, socket) {
    const kicked = next(socket, 'disconnect');
    socket.emit('kick', true);
    assert.equal((await kicked)[0], 'io server disconnect');
    const leaving = await connect(t, io, options);
    const left = next(leaving, 'disconnect');
    leaving.disconnect();
    assert.equal((await left)[0], 'io client disconnect');
  }

  for (const version of versions) {
    const module = require(`client-${version}`);
    const io = module.io ?? module;
    for (const [mode, options] of Object.entries(modes)) {
      test(`${version} by ${mode}`, async (t) => {
        const socket = await connect(t, io, options);
        if (mode === 'websocket first') assert.equal(socket.io.engine.transport.name, 'websocket');
        await checkEvents(socket);
        await eventually(
          `it is on ${endsOn(mode)}`,
          () => socket.io.engine.transport.name === endsOn(mode),
        );
        await checkVolatile(socket);
        await checkAcks(socket);
        await checkBinary(socket);
        await checkRooms(t, io, options, socket);
        await checkNamespaces(socket);
        await checkReconnect(socket);
        await checkEnds(t, io, options, socket);
      });
    }
  }

  test('2.5 speaks EIO=3 and is refused with code 5', async () => {
    assertFault(
      await request(it.server, 'GET', '/socket.io/?EIO=3&transport=polling'),
      ...[400, 5, 'Unsupported protocol version'],
    );
    for (const transports of [['polling'], ['websocket']]) {
      const socket = require('client-2.5')(`http://127.0.0.1:${it.server.port}`, {
        transports,
        forceNew: true,
        reconnection: false,
      });
      await next(socket, 'connect_error');
      assert.equal(socket.connected, false);
      socket.close();
    }
  });
});

describe('engine.io-client', { concurrency: 4 }, () => {
  const it = forTests(before, '--engine-echo');
  const { Socket } = require('engine.io-client');

  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`6.6 by ${transports.join(' and ')}`, async () => {
      const socket = new Socket(`http://127.0.0.1:${it.server.port}`, {
        path: '/socket.io/',
        transports,
      });
      const back = [];
      socket.on('message', (data) => back.push(data));
      await next(socket, 'open');
      socket.send('hello');
      socket.send(bytes(1, 2, 3));
      socket.send('');
      await eventually('all come back', () => back.length === 3);
      // It reads an empty text as undefined.
      assert.deepEqual([...back.slice(0, 2), back[2] ?? ''], ['hello', bytes(1, 2, 3), '']);
      await eventually('it is upgraded', () => socket.transport.name === transports.at(-1));
      socket.send('after');
      await eventually('it comes back', () => back.length === 4);
      // It may say so before `close` returns.
      const closed = next(socket, 'close');
      socket.close();
      await closed;
    });
  }
});
