import { describe, expect, test } from 'vitest';

import { Api } from '../../src/net/api';
import { request, type Fetch } from '../../src/net/http';
import { ApiError } from '../../src/net/problem';

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): Fetch =>
  async () =>
    new Response(status === 204 ? null : body, { status, headers });

async function failure(fetch: Fetch): Promise<ApiError> {
  return request(fetch, 'GET', '/v1/me').then(
    () => expect.unreachable(),
    (error) => error as ApiError,
  );
}

describe('a request', () => {
  test('answers the body of a success', async () => {
    expect(await request(answering(200, '{"a":1}'), 'GET', '/x')).toEqual({ a: 1 });
    expect(await request(answering(204, ''), 'DELETE', '/x')).toBeUndefined();
  });

  test('a problem comes with what the server said', async () => {
    const body = JSON.stringify({
      code: 'rate-limited',
      status: 429,
      retryable: true,
      detail: 'Slower.',
      retryAfterMs: 1200,
      errors: [{ pointer: '/a', code: 'c', detail: 'd' }, 'nonsense'],
    });
    const error = await failure(answering(429, body));
    expect(error).toBeInstanceOf(ApiError);
    expect(error.problem).toMatchObject({ code: 'rate-limited', retryAfterMs: 1200 });
    expect(error.problem.errors).toHaveLength(1);
    expect(error.isRetryable).toBe(true);
  });

  test('garbage is an error that one can read, whatever it looks like', async () => {
    for (const [status, body] of [
      [200, ''],
      [200, '<html>'],
      [200, 'null'],
      [200, '"text"'],
      [500, 'Internal Server Error'],
      [502, '<html><body>nginx</body></html>'],
      [500, '{"code": 7}'],
      [500, 'null'],
      [429, 'slow down'],
    ] as const) {
      const error = await failure(answering(status, body));
      expect(error, `${status} ${body}`).toBeInstanceOf(ApiError);
      expect(error.code).toBe('not-understood');
      expect(error.isRetryable).toBe(true);
    }
    expect((await failure(answering(400, '<html>'))).isRetryable).toBe(false);
  });

  test('Retry-After counts where the body says nothing', async () => {
    const error = await failure(answering(503, 'busy', { 'Retry-After': '3' }));
    expect(error.problem.retryAfterMs).toBe(3_000);
  });

  test('a network that is away is one problem with a name', async () => {
    const error = await failure(async () => {
      throw new TypeError('Failed to fetch');
    });
    expect(error.code).toBe('offline');
    expect(error.isRetryable).toBe(true);
  });
});

describe('the API of an account', () => {
  function api(answers: Response[]) {
    const asked: { url: string; init: RequestInit }[] = [];
    const fetch: Fetch = async (url, init) => {
      asked.push({ url, init });
      return answers.shift()!;
    };
    const tokens = { token: async () => 'old', renewed: async () => 'new' };
    return { api: new Api(fetch, tokens), asked };
  }
  const authorization = (init: RequestInit) =>
    (init.headers as Record<string, string>)['Authorization'];

  const ann = { id: 'ann', username: 'ann', displayName: 'Ann' };
  const answer = (body: unknown) => new Response(JSON.stringify(body));

  test('a refused token is renewed once, and the request said again', async () => {
    const expired = new Response('{"code":"token-expired","status":401}', { status: 401 });
    const { api: account, asked } = api([expired, answer(ann)]);
    expect(await account.me()).toEqual(ann);
    expect(asked.map(({ init }) => authorization(init))).toEqual(['Bearer old', 'Bearer new']);
  });

  test('a second refusal is an answer', async () => {
    const refused = () => new Response('{"code":"unauthenticated","status":401}', { status: 401 });
    const { api: account, asked } = api([refused(), refused()]);
    await expect(account.me()).rejects.toMatchObject({ status: 401 });
    expect(asked).toHaveLength(2);
  });

  test('what a person typed cannot change the path', async () => {
    const { api: account, asked } = api([answer(ann), answer({ id: 'm', seq: 1, rev: 1 })]);
    await account.user('../../v1/me?x=#y');
    await account.react('chat', 'message', '👍/../', true);
    expect(asked[0]!.url).toBe('/v1/users/..%2F..%2Fv1%2Fme%3Fx%3D%23y');
    expect(asked[1]!.url).toContain('/reactions/%F0%9F%91%8D%2F..%2F');
  });

  test('an answer that is not what was asked for is not passed on', async () => {
    const garbage = { code: 'not-understood' };
    for (const wrong of [{ id: 'ann' }, { data: [] }, [1]]) {
      const { api: account } = api([answer(wrong), answer(wrong), answer(wrong)]);
      await expect(account.me()).rejects.toMatchObject(garbage);
      await expect(account.chat('c')).rejects.toMatchObject(garbage);
      await expect(account.message('c', 'm')).rejects.toMatchObject(garbage);
    }
    for (const data of [null, {}, [null], [1], [{ id: 'c' }]]) {
      const { api: account } = api([answer({ data }), answer({ data })]);
      await expect(account.chats('all')).rejects.toMatchObject(garbage);
      await expect(account.history('c')).rejects.toMatchObject(garbage);
    }
  });
});
