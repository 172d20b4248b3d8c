// The same bad input by both doors: the right problem, and nothing changed.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { assertProblem, assertRefused, connectError, register, request } from './people.mjs';

const unknown = '3f0e2c1a-5f0e-4c1a-9f0e-2c1a5f0e4c1a';
const long = 'x'.repeat(4_097);
const wide = '\u{1F600}'.repeat(4_097);

test('bad input over REST and over the socket', async (t) => {
  const server = await startServer(t);
  const [ann, ben, cat] = [
    await register(server, 'ann'),
    await register(server, 'ben'),
    await register(server, 'cat'),
  ];
  const chatId = await ann.direct(ben);
  await ann.post(chatId, 'the one message');
  const socket = await ann.connect(t);
  const stranger = await cat.connect(t);

  const messages = [
    [{}, ['/content']],
    [{ content: 5 }, ['/content']],
    [{ content: '' }, ['/content']],
    [{ content: null }, ['/content']],
    [{ content: long }, ['/content']],
    [{ content: wide }, ['/content']],
    [{ content: 'x', type: 'nonsense' }, ['/type']],
    [{ content: 'x', type: 'system' }, ['/type']],
    [{ content: 'x', clientMessageId: 'a b' }, ['/clientMessageId']],
    [{ content: 'x', clientMessageId: 'k'.repeat(65) }, ['/clientMessageId']],
    [{ content: 'x', clientMessageId: 7 }, ['/clientMessageId']],
    [{ content: 'x', replyToMessageId: 'nope' }, ['/replyToMessageId']],
    [{ content: 'x', replyToMessageId: unknown }, ['/replyToMessageId']],
    [{ content: 'x', attachments: [{ mediaId: unknown }] }, ['/attachments']],
    [{ content: 'x', mentions: ['nope'] }, ['/mentions/0']],
    [{ content: 5, type: 5, clientMessageId: 5 }, ['/clientMessageId', '/content', '/type']],
  ];
  for (const [body, pointers] of messages) {
    const shown = JSON.stringify(body).slice(0, 80);
    assertRefused(
      await ann.request('POST', `/v1/chats/${chatId}/messages`, { body }),
      422,
      'validation-failed',
      pointers,
    );
    const ack = await socket.ask('send_message', { chatId, ...body });
    assert.equal(ack.ok, false, shown);
    assertProblem(ack.error, 422, 'validation-failed', pointers);
  }

  // Raw JSON that no client library would write.
  const raw = (text) =>
    fetch(`${server.url}/v1/chats/${chatId}/messages`, {
      method: 'POST',
      body: text,
      headers: { Authorization: `Bearer ${ann.token}`, 'Content-Type': 'application/json' },
    });
  for (const text of [
    '',
    '{',
    '{"content":',
    '[1',
    '{"content":"x"} x',
    '{"content":"\x01"}',
    `${'['.repeat(5_000)}`,
  ]) {
    const answer = await raw(text);
    assert.equal(answer.status, 400, text.slice(0, 20));
    assert.equal((await answer.json()).code, 'malformed-json');
  }
  assert.equal((await raw('[]')).status, 422);
  assert.equal((await raw('{"content":1e400}')).status, 422);
  const large = await raw(JSON.stringify({ content: 'x'.repeat(1_000_001) }));
  assertProblem(await large.json(), 413, 'payload-too-large');

  for (const [chat, status, code] of [
    [unknown, 404, 'not-found'],
    ['nope', 422, 'validation-failed'],
  ]) {
    assertRefused(
      await ann.request('POST', `/v1/chats/${chat}/messages`, { body: { content: 'x' } }),
      status,
      code,
    );
    assertProblem(
      (await socket.ask('send_message', { chatId: chat, content: 'x' })).error,
      status,
      code,
    );
  }
  // An outsider is answered exactly as if there were no such chat.
  assertRefused(
    await cat.request('POST', `/v1/chats/${chatId}/messages`, { body: { content: 'x' } }),
    404,
    'not-found',
  );
  assertRefused(await cat.request('GET', `/v1/chats/${chatId}/messages`), 404, 'not-found');
  assertRefused(
    await cat.request('GET', `/v1/chats/${chatId}/changes?sinceRev=0`),
    404,
    'not-found',
  );
  assertRefused(await cat.request('GET', `/v1/chats/${chatId}`), 404, 'not-found');
  assertProblem(
    (await stranger.ask('send_message', { chatId, content: 'x' })).error,
    404,
    'not-found',
  );

  for (const query of [
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e400',
    'limit=x',
    'beforeSeq=-1',
    'beforeSeq=1&afterSeq=2',
    'aroundSeq=1.5',
    'beforeSeq=99999999999999999999',
  ]) {
    assertRefused(
      await ann.request('GET', `/v1/chats/${chatId}/messages?${query}`),
      422,
      'validation-failed',
    );
  }
  for (const query of ['cursor=nonsense', 'cursor=AAAA', 'filter=other', 'limit=0']) {
    assertRefused(await ann.request('GET', `/v1/chats?${query}`), 422, 'validation-failed');
  }
  for (const query of ['', 'sinceRev=-1', 'sinceRev=x', 'sinceRev=1&limit=500']) {
    assertRefused(
      await ann.request('GET', `/v1/chats/${chatId}/changes?${query}`),
      422,
      'validation-failed',
    );
  }

  for (const args of [[], [null], ['text'], [5], [[]]]) {
    const ack = await socket.socket.timeout(5_000).emitWithAck('send_message', ...args);
    assert.equal(ack.ok, false);
    assertProblem(ack.error, 422, 'validation-failed');
  }
  assertProblem((await socket.ask('no_such_event', {})).error, 422, 'validation-failed');

  assert.equal((await ann.history(chatId)).length, 1, 'nothing was stored');
  assert.equal((await request(server, 'GET', '/healthz')).status, 200);
});

test('methods, paths and media types', async (t) => {
  const server = await startServer(t);
  const ann = await register(server, 'ann');
  assertRefused(await ann.request('GET', '/v1/nowhere'), 404, 'not-found');
  const wrong = await ann.request('PUT', '/v1/chats');
  assertRefused(wrong, 405, 'method-not-allowed');
  assert.match(wrong.headers.get('allow'), /GET/);
  const answer = await fetch(`${server.url}/v1/auth/login`, {
    method: 'POST',
    body: 'username=x',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(answer.status, 415);
  const tagged = await ann.request('GET', '/v1/me', { headers: { 'X-Request-Id': 'abc-123' } });
  assert.equal(tagged.headers.get('x-request-id'), 'abc-123');
  assertRefused(await request(server, 'GET', '/v1/me'), 401, 'unauthenticated');
  assertRefused(
    await request(server, 'GET', '/v1/me', { token: 'nonsense' }),
    401,
    'unauthenticated',
  );
});

test('every field of CONNECT', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = [await register(server, 'ann'), await register(server, 'ben')];
  const before = await ann.ask('GET', '/v1/auth/sessions');
  const good = { token: ann.token, deviceId: ann.deviceId, clientState: 'active' };
  const refused = async (auth, status, code, pointers) =>
    assertProblem((await connectError(t, server, auth)).data, status, code, pointers);

  for (const name of ['token', 'deviceId', 'cursor', 'clientState']) {
    for (const value of [5, -1.5, true, ['text'], { some: 'thing' }, 'x'.repeat(5_000)]) {
      await refused({ ...good, [name]: value }, 422, 'validation-failed', [`/${name}`]);
    }
  }
  await refused({ token: 5, cursor: 5 }, 422, 'validation-failed', ['/cursor', '/token']);
  await refused({ ...good, clientState: 'asleep' }, 422, 'validation-failed', ['/clientState']);
  for (const token of [undefined, null, '', 'nonsense', `${ann.token}x`, ann.refreshToken]) {
    await refused({ ...good, token }, 401, 'unauthenticated');
  }
  await refused({ ...good, deviceId: ben.deviceId }, 403, 'forbidden');
  await refused({ ...good, deviceId: unknown }, 403, 'forbidden');

  // A cursor that is none is no reason to stay out.
  for (const cursor of ['nonsense', '\u{1F600}', 'A'.repeat(512)]) {
    const connection = await ann.connect(t, { auth: { ...good, cursor } });
    await connection.heard('resync_required');
  }
  const connection = await ann.connect(t, { auth: { ...good, more: { than: ['asked'] } } });
  assert.equal(connection.of('session_ready').length, 1);
  const names = ({ data }) => data.map((device) => device.id).sort();
  assert.deepEqual(names(await ann.ask('GET', '/v1/auth/sessions')), names(before));
});
