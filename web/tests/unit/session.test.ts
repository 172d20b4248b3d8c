import { beforeEach, describe, expect, test, vi } from 'vitest';

import { withLease } from '../../src/net/locks';
import { SessionKeeper } from '../../src/net/session';
import { openAccountStore, type Account, type AccountStore } from '../../src/store/accounts';

/** Refresh tokens as the server has them: each is good once, a second use ends the session. */
class FakeAuth {
  uses = 0;
  current = 'refresh-0';
  isRevoked = false;
  isAway = false;

  asked: string[] = [];

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (this.isAway) throw new TypeError('network');
    this.asked.push(url);
    if (url === '/version') return new Response('{"version":"1"}');
    // An answer takes a moment, so that tabs can meet.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { refreshToken } = JSON.parse(init.body as string);
    if (this.isRevoked || refreshToken !== this.current) {
      this.isRevoked = true;
      const problem = { code: 'unauthenticated', status: 401, retryable: false };
      return new Response(JSON.stringify(problem), { status: 401 });
    }
    this.uses += 1;
    this.current = `refresh-${this.uses}`;
    const session = {
      user: { id: 'ann', username: 'ann', displayName: 'Ann' },
      deviceId: 'device',
      accessToken: `access-${this.uses}`,
      refreshToken: this.current,
      expiresInMs: 900_000,
    };
    return new Response(JSON.stringify(session));
  };
}

let accounts: AccountStore;
let auth: FakeAuth;
const now = () => Date.now();

function account(lifeLeftMs: number): Account {
  return {
    userId: 'ann',
    user: { id: 'ann', username: 'ann', displayName: 'Ann' },
    deviceId: 'device',
    accessToken: 'access-0',
    accessExpiresAt: now() + lifeLeftMs,
    accessLifeMs: 900_000,
    refreshToken: 'refresh-0',
    lastUsedAt: 0,
  };
}

function tab(stored: Account) {
  const onEnd = vi.fn();
  const onRenewed = vi.fn();
  const parts = { fetch: auth.fetch, accounts, withLock: withLease, now, onEnd, onRenewed };
  return { keeper: new SessionKeeper(stored, parts), onEnd, onRenewed };
}

beforeEach(async () => {
  accounts = await openAccountStore();
  auth = new FakeAuth();
});

describe('the session keeper', () => {
  test('a fresh token is given as it is', async () => {
    const stored = account(800_000);
    await accounts.put(stored);
    const { keeper } = tab(stored);
    expect(await keeper.token()).toBe('access-0');
    expect(auth.uses).toBe(0);
    keeper.close();
  });

  test('a stale token is renewed once, however many ask', async () => {
    const stored = account(1_000);
    await accounts.put(stored);
    const { keeper, onRenewed } = tab(stored);
    const tokens = await Promise.all([keeper.token(), keeper.token(), keeper.token()]);
    expect(tokens).toEqual(['access-1', 'access-1', 'access-1']);
    expect(onRenewed).toHaveBeenCalledTimes(1);
    expect((await accounts.get('ann'))!.refreshToken).toBe('refresh-1');
    keeper.close();
  });

  test('of many tabs one renews; a refresh token is never used twice', async () => {
    const stored = account(1_000);
    await accounts.put(stored);
    const tabs = Array.from({ length: 6 }, () => tab(stored));
    const tokens = await Promise.all(tabs.map(({ keeper }) => keeper.token()));
    expect(new Set(tokens)).toEqual(new Set(['access-1']));
    expect(auth.uses).toBe(1);
    expect(auth.isRevoked).toBe(false);
    for (const { keeper, onEnd } of tabs) {
      expect(onEnd).not.toHaveBeenCalled();
      keeper.close();
    }
  });

  test('a token that the server refuses is renewed, unless another tab has done so', async () => {
    const stored = account(800_000);
    await accounts.put(stored);
    const [one, two] = [tab(stored), tab(stored)];
    expect(await one.keeper.renewed('access-0')).toBe('access-1');
    expect(await two.keeper.renewed('access-0')).toBe('access-1');
    expect(auth.uses).toBe(1);
    one.keeper.close();
    two.keeper.close();
  });

  test('a server that is away does not end the session', async () => {
    const stored = account(1_000);
    await accounts.put(stored);
    auth.isAway = true;
    const { keeper, onEnd } = tab(stored);
    await expect(keeper.token()).rejects.toMatchObject({ code: 'offline' });
    expect(onEnd).not.toHaveBeenCalled();
    auth.isAway = false;
    expect(await keeper.token()).toBe('access-1');
    keeper.close();
  });

  test('a token that is good for a while yet is given while it is being renewed', async () => {
    const stored = account(100_000);
    await accounts.put(stored);
    const { keeper } = tab(stored);
    expect(await keeper.token()).toBe('access-0');
    await vi.waitFor(() => expect(keeper.account.accessToken).toBe('access-1'));
    expect(await keeper.token()).toBe('access-1');
    expect(auth.uses).toBe(1);
    keeper.close();
  });

  test('nor does it matter then that the server is away', async () => {
    const stored = account(100_000);
    await accounts.put(stored);
    auth.isAway = true;
    const { keeper, onEnd } = tab(stored);
    expect(await keeper.token()).toBe('access-0');
    expect(onEnd).not.toHaveBeenCalled();
    keeper.close();
  });

  test('a refresh token is not spent on a network that does not answer', async () => {
    const stored = account(1_000);
    await accounts.put(stored);
    const { keeper } = tab(stored);
    await keeper.token();
    expect(auth.asked).toEqual(['/version', '/v1/auth/refresh']);
    keeper.close();
  });

  test('a session that was ended elsewhere is told once', async () => {
    const stored = account(1_000);
    await accounts.put(stored);
    auth.isRevoked = true;
    const { keeper, onEnd } = tab(stored);
    await expect(keeper.token()).rejects.toMatchObject({ status: 401 });
    await expect(keeper.token()).rejects.toMatchObject({ status: 401 });
    expect(onEnd).toHaveBeenCalledTimes(1);
  });

  test('an account that was signed out in another tab is gone here too', async () => {
    const stored = account(1_000);
    await accounts.remove('ann');
    const { keeper, onEnd } = tab(stored);
    await expect(keeper.token()).rejects.toMatchObject({ status: 401 });
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(auth.uses).toBe(0);
  });
});
