// Bad input: each named for what it is, none an error of the server.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import {
  assertProblem, assertRefused, openSocket, registerMany, request, words,
} from './people.mjs';
import { exchange, httpRequest } from './raw.mjs';

const minute = 60_000;
const someId = 'b7e2f1c4-0f5e-4f0a-9c7e-0a1b2c3d4e5f';

async function pair(t, flags) {
  const server = await startServer(t, { flags });
  const [ann, ben] = await registerMany(server, 2);
  return { server, ann, ben, chatId: await ann.direct(ben) };
}

const text = (content, more) => ({ type: 'text', content, ...more });

// What is wrong with a send, and where it is told. The same over both doors.
const badSends = [
  ['nothing at all', {}, ['/content', '/type']],
  ['no content', { type: 'text' }, ['/content']],
  ['no type', { content: 'x' }, ['/type']],
  ['an empty content', text(''), ['/content']],
  ['a content of 4,097 code points', text('x'.repeat(4_097)), ['/content']],
  ['a content over 16 KiB', text('😀'.repeat(4_096) + 'x'), ['/content']],
  ['a content that is a number', text(7), ['/content']],
  ['a content that is null', text(null), ['/content']],
  ['a content that is an object', text({ toString: 'x' }), ['/content']],
  ['a type of the server', { type: 'system', content: 'x' }, ['/type']],
  ['a call', { type: 'call', content: 'x' }, ['/type']],
  ['a type that is not known', { type: 'telegram', content: 'x' }, ['/type']],
  ['an empty clientMessageId', text('x', { clientMessageId: '' }), ['/clientMessageId']],
  ['a long clientMessageId', text('x', { clientMessageId: 'x'.repeat(65) }),
    ['/clientMessageId']],
  ['a clientMessageId with blanks', text('x', { clientMessageId: 'a b' }), ['/clientMessageId']],
  ['a clientMessageId that is a number', text('x', { clientMessageId: 7 }), ['/clientMessageId']],
  ['a reply to no id', text('x', { replyToMessageId: 'first' }), ['/replyToMessageId']],
  ['a reply to nothing there', text('x', { replyToMessageId: someId }), ['/replyToMessageId']],
  ['mentions that are no list', text('x', { mentions: 'ann' }), ['/mentions']],
  ['a mention that is no id', text('x', { mentions: [7] }), ['/mentions/0']],
];

test('a send that does not fit is refused alike over both doors', { timeout: minute }, async (t) => {
  const { ann, chatId } = await pair(t);
  const socket = await ann.connect(t);
  for (const [what, body, pointers] of badSends) {
    await t.test(what, async () => {
      assertRefused(await ann.request('POST', `/v1/chats/${chatId}/messages`, { body }),
        422, 'validation-failed', pointers);
      const ack = await socket.ask('send_message', { chatId, ...body });
      assert.equal(ack.ok, false);
      assertProblem(ack.error, 422, 'validation-failed', pointers);
    });
  }
  assert.equal((await ann.ask('GET', `/v1/chats/${chatId}`)).lastSeq, 0);
});

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
    const ids = { chatId: 'no-id', messageId: someId };
    assertProblem((await socket.ask('send_message', { ...text('x'), ...ids })).error,
      422, 'validation-failed', ['/chatId']);
    for (const sinceRev of [-1, 1.5, '1', null, 1e300]) {
      const ack = await socket.ask('fetch_changes', { chatId, sinceRev });
      assertProblem(ack.error, 422, 'validation-failed', ['/sinceRev']);
    }
    assert.equal((await socket.send(chatId, words('fine'))).seq, 1);
  });

test('what is not JSON is 400, what is not the right JSON 422', { timeout: minute }, async (t) => {
  const { ann, chatId } = await pair(t);
  const post = (raw) => ann.request('POST', `/v1/chats/${chatId}/messages`, { raw });
  const malformed = ['', '{', '{"type":"text",}', "{'type':'text'}", '{"content":"\u0001"}',
    '{} trailing', 'nul', '\ufeff{}', '[1,2', '{"a":01}', `${'['.repeat(5_000)}${']'.repeat(5_000)}`];
  for (const raw of malformed) {
    assertRefused(await post(raw), 400, 'malformed-json');
  }
  assertRefused(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    400, 'malformed-json');
  for (const raw of ['[]', '7', 'null', '"text"', 'true']) {
    const answer = await post(raw);
    assertRefused(answer, 422, 'validation-failed');
  }
  for (const number of ['1e400', '-1e400', '1e999999999']) {
    const answer = await post(`{"type":"text","content":"x","clientMessageId":${number}}`);
    assert.ok([400, 422].includes(answer.status), `${number}: ${answer.status}`);
    const edit = await ann.request('PATCH', `/v1/chats/${chatId}/messages/${someId}`,
      { raw: `{"content":"x","baseVersion":${number}}` });
    assert.ok([400, 422].includes(edit.status), `${number}: ${edit.status}`);
  }
});

test('bad paths, queries and cursors are refused, never an error of ours', { timeout: minute },
  async (t) => {
    const { ann, ben, chatId } = await pair(t);
    for (let i = 0; i < 3; i += 1) await ann.group(`Group ${i}`, [ben]);
    const page = await ann.ask('GET', '/v1/chats?limit=2');
    const cursor = page.page.nextCursor;
    const bent = [cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, `${cursor}${cursor}`, 'x',
      cursor.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), cursor.toUpperCase(),
      encodeURIComponent('\u0000'), 'A'.repeat(5_000)];
    const refused = [
      ...['0', '101', '-1', 'x', '1e400', '1.5', '99999999999999999999', '%00'].map((limit) =>
        [`/v1/chats?limit=${limit}`, '/limit']),
      ...bent.map((each) => [`/v1/chats?cursor=${each}`, '/cursor']),
      ['/v1/chats?filter=starred', '/filter'],
      ...['-1', 'x', '1e400', '99999999999999999999'].flatMap((seq) => [
        [`/v1/chats/${chatId}/messages?beforeSeq=${seq}`, '/beforeSeq'],
        [`/v1/chats/${chatId}/messages?afterSeq=${seq}`, '/afterSeq'],
        [`/v1/chats/${chatId}/messages?aroundSeq=${seq}`, '/aroundSeq'],
        [`/v1/chats/${chatId}/changes?sinceRev=${seq}`, '/sinceRev'],
      ]),
    ];
    for (const [path, pointer] of refused) {
      const answer = await ann.request('GET', path);
      if (path.length > 4_000 && answer.status === 414) continue;
      assertRefused(answer, 422, 'validation-failed', [pointer]);
    }
    for (const id of ['x', '%00', '..', "'%20OR%201=1", `${chatId}x`, '__proto__', '💥']) {
      const answer = await ann.request('GET', `/v1/chats/${encodeURIComponent(id)}/messages`);
      assert.ok([404, 422].includes(answer.status), `${id}: ${answer.status}`);
    }
    assertRefused(await ann.request('GET', '/v1/no-such-thing'), 404, 'not-found');
    const method = await ann.request('DELETE', '/v1/chats');
    assertRefused(method, 405, 'method-not-allowed');
    assert.match(method.headers.get('allow'), /GET/);
    const media = await ann.request('POST', '/v1/chats',
      { raw: '{}', headers: { 'Content-Type': 'text/html' } });
    assertRefused(media, 415, 'unsupported-media');
  });

test('a body over the limit is 413, however it comes', { timeout: minute }, async (t) => {
  const { server, ann } = await pair(t);
  const tooLong = JSON.stringify({ username: 'x'.repeat(1_100_000) });
  const answer = await request(server, 'POST', '/v1/auth/register', { raw: tooLong });
  assertRefused(answer, 413, 'payload-too-large');
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
    if (answer) assert.match(answer, /^HTTP\/1\.1 4\d\d /);
  }
});

test('every answer carries a request id, its own or the one that came', { timeout: minute },
  async (t) => {
    const { server } = await pair(t);
    const given = await request(server, 'GET', '/v1/me', { headers: { 'X-Request-Id': 'abc-123' } });
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
    for (const packet of ['2', '2["x"', '2[{}]', '9', '51-["x"]', '2["connect"]', '0[]', '4{}',
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
