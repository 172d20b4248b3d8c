// Input at the edge of what is allowed, and beyond what any client library writes.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { assertProblem, openSocket, registerMany, request, words } from './people.mjs';
import { exchange, httpRequest } from './raw.mjs';

const minute = 60_000;

async function pair(t, flags) {
  const server = await startServer(t, { flags });
  const [ann, ben] = await registerMany(server, 2);
  return { server, ann, ben, chatId: await ann.direct(ben) };
}

test('content at the limit passes', { timeout: minute }, async (t) => {
  const { ann, chatId } = await pair(t);
  for (const content of ['x'.repeat(4_096), '😀'.repeat(4_096), ' ', '\u0000', '{"a":1}']) {
    const sent = await ann.post(chatId, content);
    const stored = await ann.ask('GET', `/v1/chats/${chatId}/messages/${sent.messageId}`);
    assert.equal(stored.content, content);
  }
});

test('a lone surrogate becomes U+FFFD', { timeout: minute }, async (t) => {
  const { ann, chatId } = await pair(t);
  const answer = await ann.request('POST', `/v1/chats/${chatId}/messages`,
    { raw: '{"type":"text","content":"a\\ud800b"}' });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  assert.equal((await ann.history(chatId))[0].content, 'a\ufffdb');
});

test('an event whose argument does not fit is refused, and the link lives', { timeout: minute },
  async (t) => {
    const { ann, chatId } = await pair(t);
    const socket = await ann.connect(t);
    for (const name of ['send_message', 'edit_message', 'delete_message', 'fetch_changes',
      'auth_refresh']) {
      for (const fields of [undefined, null, 7, 'text', [], [{}], true, {}]) {
        const args = fields === undefined ? [] : [fields];
        const ack = await socket.socket.timeout(10_000).emitWithAck(name, ...args);
        assert.equal(ack.ok, false, `${name} ${JSON.stringify(fields)}`);
        assertProblem(ack.error, 422, 'validation-failed');
      }
    }
    for (const sinceRev of [-1, 1.5, '1', null, 1e300]) {
      const ack = await socket.ask('fetch_changes', { chatId, sinceRev });
      assertProblem(ack.error, 422, 'validation-failed', ['/sinceRev']);
    }
    assert.equal((await socket.send(chatId, words('fine'))).seq, 1);
  });

test('a chunked body over the limit is 413', { timeout: minute }, async (t) => {
  const { server, ann } = await pair(t);
  const chunked = await exchange(server, Buffer.concat([
    httpRequest('POST', '/v1/chats', { headers: { Authorization: `Bearer ${ann.token}`,
      'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' } }),
    Buffer.from(`${(1_100_000).toString(16)}\r\n${'x'.repeat(1_100_000)}\r\n0\r\n\r\n`)]));
  assert.match(chunked.text, /^HTTP\/1\.1 413 /);
});

test('what is no HTTP is answered shortly, and closed', { timeout: minute }, async (t) => {
  const { server } = await pair(t);
  const rows = ['\r\n\r\nNONSENSE\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(3_000)}\r\n`,
    `GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])];
  for (const row of rows) {
    const { text: answer, isClosed } = await exchange(server, row, 5_000);
    assert.ok(isClosed, `still open after ${JSON.stringify(row.toString().slice(0, 40))}`);
    if (answer) assert.match(answer, /^HTTP\/1\.1 (4\d\d|505) /);
  }
});

test('every answer carries a request id, its own or the one that came', { timeout: minute },
  async (t) => {
    const { server } = await pair(t);
    const given = await request(server, 'GET', '/v1/me',
      { headers: { 'X-Request-Id': 'abc-123' } });
    assert.equal(given.headers.get('x-request-id'), 'abc-123');
    assert.equal(given.body.requestId, 'abc-123');
    const made = await request(server, 'GET', '/healthz');
    assert.ok(made.headers.get('x-request-id').length >= 8);
    const long = await request(server, 'GET', '/v1/me',
      { headers: { 'X-Request-Id': `"${'x'.repeat(5_000)}` } });
    assert.ok(long.headers.get('x-request-id').length < 200);
  });

test('a packet that breaks the protocol costs its own link alone', { timeout: minute },
  async (t) => {
    const { server, ann, ben, chatId } = await pair(t);
    const bystander = await ben.connect(t);
    for (const packet of ['2', '2["x"', '2[{}]', '9', '50-["x"]', '2["connect"]', '0[]', '4{}',
      `2["x",${'['.repeat(5_000)}${']'.repeat(5_000)}]`]) {
      const socket = openSocket(t, server, { token: ann.token }, { transports: ['websocket'] });
      const closed = new Promise((resolve) => socket.on('disconnect', resolve));
      await new Promise((resolve) => socket.on('session_ready', resolve));
      socket.io.engine.write(packet);
      await closed;
    }
    await ann.post(chatId, words('still here'));
    await bystander.heard('new_message');
  });
