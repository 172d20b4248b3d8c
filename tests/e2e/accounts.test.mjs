// Accounts and sessions: who may speak for whom, on which device, and until when.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { passwordMark, startServer } from './harness.mjs';
import {
  assertProblem,
  assertRefused,
  connectError,
  register,
  registerMany,
  request,
  uniqueName,
  words,
} from './people.mjs';

const minute = 60_000;
const password = `${passwordMark}-accounts`;

function refresh(person, refreshToken = person.refreshToken) {
  return request(person.server, 'POST', '/v1/auth/refresh', { body: { refreshToken } });
}

test('register, then login, answer a session', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const username = uniqueName('ann');
  const registered = await request(server, 'POST', '/v1/auth/register', {
    body: { username, password, displayName: 'Ann Ö.', extra: 'ignored' },
  });
  assert.equal(registered.status, 201);
  const { user, deviceId, accessToken, refreshToken, expiresInMs } = registered.body;
  assert.equal(user.username, username);
  assert.equal(user.displayName, 'Ann Ö.');
  assert.equal(expiresInMs, 15 * 60 * 1000);
  assert.equal(accessToken.split('.').length, 3);
  assert.ok(refreshToken.length >= 32);

  const login = await request(server, 'POST', '/v1/auth/login', { body: { username, password } });
  assert.equal(login.status, 200);
  assert.equal(login.body.user.id, user.id);
  assert.notEqual(login.body.deviceId, deviceId);

  const me = await request(server, 'GET', '/v1/me', { token: login.body.accessToken });
  assert.equal(me.body.id, user.id);
  assert.equal(me.body.displayName, 'Ann Ö.');
});

test('a username is taken once, also when two ask at once', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const body = { username: uniqueName('twin'), password };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => request(server, 'POST', '/v1/auth/register', { body })),
  );
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409, 409, 409, 409]);
  assertRefused(
    answers.find((answer) => answer.status === 409),
    409,
    'conflict',
  );
});

test('a wrong password and an unknown user are answered alike', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  const wrong = await request(server, 'POST', '/v1/auth/login', {
    body: { username: ann.username, password: `${password}-no` },
  });
  const unknown = await request(server, 'POST', '/v1/auth/login', {
    body: { username: uniqueName('nobody'), password },
  });
  assertRefused(wrong, 401, 'unauthenticated');
  assertRefused(unknown, 401, 'unauthenticated');
  assert.deepEqual({ ...wrong.body, requestId: '' }, { ...unknown.body, requestId: '' });
});

test('what does not fit is named by pointer', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const cases = [
    [{}, ['/username', '/password']],
    [{ username: 'ab', password }, ['/username']],
    [{ username: 'x'.repeat(33), password }, ['/username']],
    [{ username: 'Upper', password }, ['/username']],
    [{ username: uniqueName(), password: 'short' }, ['/password']],
    [{ username: 7, password: null }, ['/username', '/password']],
    [{ username: uniqueName(), password, displayName: 'x'.repeat(65) }, ['/displayName']],
  ];
  for (const [body, pointers] of cases) {
    const answer = await request(server, 'POST', '/v1/auth/register', { body });
    assertRefused(answer, 422, 'validation-failed', pointers);
  }
});

test(
  'a refresh token works once; used again, it signs the device out',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t);
    const ann = await register(server);
    const socket = await ann.connect(t);
    const first = ann.refreshToken;
    const rotated = await refresh(ann);
    assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
    assert.equal(rotated.body.deviceId, ann.deviceId);
    assert.notEqual(rotated.body.refreshToken, first);
    ann.adopt(rotated.body);

    assertRefused(await refresh(ann, first), 401, 'unauthenticated');
    assertRefused(await refresh(ann), 401, 'unauthenticated');
    assert.equal(typeof (await socket.heard('session_revoked')).reason, 'string');
    await socket.heard('disconnect');
    const error = await connectError(t, server, { token: ann.token });
    assertProblem(error.data, 401, 'unauthenticated');
  },
);

test('of two refreshes at once at most one goes on', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  const answers = await Promise.all([refresh(ann), refresh(ann)]);
  assert.ok(answers.filter((answer) => answer.status === 200).length <= 1);
  assert.ok(answers.some((answer) => answer.status === 401));
});

test('a refresh token that nobody gave is refused', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  assertRefused(await refresh(ann, 'A'.repeat(43)), 401, 'unauthenticated');
  assertRefused(await refresh(ann, 7), 422, 'validation-failed', ['/refreshToken']);
});

test('logout closes the links of that device and of no other', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--shards', '4'] });
  const ann = await register(server);
  const elsewhere = await ann.anotherDevice();
  const [leaving, staying] = [await ann.connect(t), await elsewhere.connect(t)];
  assert.equal((await ann.request('POST', '/v1/auth/logout')).status, 204);
  await leaving.heard('session_revoked', undefined, 2_000);
  assert.equal(await leaving.heard('disconnect', undefined, 2_000), 'io server disconnect');
  assertRefused(await refresh(ann), 401, 'unauthenticated');
  assert.equal(staying.socket.connected, true);
  assert.equal(staying.of('session_revoked').length, 0);
});

test('sessions are listed and revoked one by one', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, eve] = await registerMany(server, 2);
  const elsewhere = await ann.anotherDevice();
  const listed = await ann.ask('GET', '/v1/auth/sessions');
  assert.deepEqual(
    listed.data.map((session) => session.id).sort(),
    [ann.deviceId, elsewhere.deviceId].sort(),
  );
  assert.doesNotMatch(JSON.stringify(listed), /token|hash/i);

  const socket = await elsewhere.connect(t);
  assertRefused(
    await eve.request('DELETE', `/v1/auth/sessions/${elsewhere.deviceId}`),
    404,
    'not-found',
  );
  const revoked = await ann.request('DELETE', `/v1/auth/sessions/${elsewhere.deviceId}`);
  assert.equal(revoked.status, 204);
  await socket.heard('disconnect', undefined, 2_000);
  assert.equal((await ann.ask('GET', '/v1/auth/sessions')).data.length, 1);
  assertRefused(await refresh(elsewhere), 401, 'unauthenticated');
});

test('sessions and invites come in pages, newest first', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann] = await registerMany(server, 1);
  for (let i = 0; i < 3; i += 1) await ann.anotherDevice();
  const chatId = await ann.group('Open', []);
  for (let i = 0; i < 3; i += 1) await ann.ask('POST', `/v1/chats/${chatId}/invites`, {});
  for (const path of ['/v1/auth/sessions', `/v1/chats/${chatId}/invites`]) {
    const whole = (await ann.ask('GET', path)).data;
    const paged = [];
    let cursor = '';
    for (let more = true; more; ) {
      const { data, page } = await ann.ask('GET', `${path}?limit=2${cursor}`);
      assert.ok(data.length <= 2);
      paged.push(...data);
      more = page.hasMore;
      cursor = `&cursor=${page.nextCursor}`;
    }
    assert.deepEqual(paged, whole);
    for (const limit of [0, 101, 'many']) {
      const refused = await ann.request('GET', `${path}?limit=${limit}`);
      assertRefused(refused, 422, 'validation-failed');
    }
    assertRefused(await ann.request('GET', `${path}?cursor=x`), 422, 'validation-failed');
  }
});

test('who may not connect is told why', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const [header, claims] = ann.token.split('.');
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  const bad = [
    {},
    { token: '' },
    { token: 'x.y.z' },
    { token: 7 },
    { token: `${none}.${claims}.` },
    { token: `${header}.${claims}.${ben.token.split('.')[2]}` },
  ];
  for (const auth of bad) {
    const error = await connectError(t, server, auth);
    assert.ok([401, 422].includes(error.data?.status), `${JSON.stringify(auth)}: ${error.data}`);
    assert.equal(typeof error.message, 'string');
  }
  for (const deviceId of [ben.deviceId, 'no-id-at-all', '']) {
    const error = await connectError(t, server, { token: ann.token, deviceId });
    assertProblem(error.data, 403, 'forbidden');
  }
  for (const token of [undefined, 'x.y.z', `${none}.${claims}.`]) {
    assertRefused(await request(server, 'GET', '/v1/me', { token }), 401, 'unauthenticated');
  }
});

test(
  'a token that has expired is refused, and its link ends with a warning',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t, { flags: ['--access-token-life-ms', '2500'] });
    const ann = await register(server);
    const socket = await ann.connect(t);
    assert.equal(typeof (await socket.heard('session_revoked')).reason, 'string');
    assert.equal(await socket.heard('disconnect'), 'io server disconnect');
    const error = await connectError(t, server, { token: ann.token });
    assertProblem(error.data, 401, 'token-expired');
    assertRefused(await ann.request('GET', '/v1/me'), 401, 'token-expired');
  },
);

test(
  'auth_refresh carries a link over the expiry of its first token',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t, { flags: ['--access-token-life-ms', '3000'] });
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const socket = await ann.connect(t);
    const wrong = await socket.ask('auth_refresh', { token: ben.token });
    assert.equal(wrong.ok, false);
    assert.ok([401, 403].includes(wrong.error.status), JSON.stringify(wrong));

    for (let i = 0; i < 3; i += 1) {
      await sleep(1_500);
      const rotated = await refresh(ann);
      ann.adopt(rotated.body);
      const ack = await socket.ask('auth_refresh', { token: ann.token });
      assert.equal(ack.ok, true, JSON.stringify(ack));
      // A token ends with a whole second: never before its time, up to one after it.
      assert.ok(ack.expiresInMs > 0 && ack.expiresInMs <= 4_000);
    }
    assert.equal((await socket.send(chatId, words('still here'))).ok, true);
    assert.equal(socket.of('session_revoked').length, 0);
  },
);

test('too many tries from one address are slowed down', { timeout: minute }, async (t) => {
  const server = await startServer(t, { rates: true, flags: ['--rate-auth', '3/60s'] });
  const answers = [];
  for (let i = 0; i < 4; i += 1) {
    answers.push(
      await request(server, 'POST', '/v1/auth/login', { body: { username: 'nobody', password } }),
    );
  }
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [401, 401, 401, 429],
  );
  const refused = answers.at(-1);
  assertRefused(refused, 429, 'rate-limited');
  assert.ok(refused.body.retryAfterMs > 0);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.ok(refused.headers.has('ratelimit') && refused.headers.has('ratelimit-policy'));
});
