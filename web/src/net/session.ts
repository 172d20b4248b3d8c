import { accountOf, type Account, type AccountStore } from '../store/accounts';
import * as api from './api';
import type { Fetch } from './http';
import type { WithLock } from './locks';
import { ApiError } from './problem';

/** A token is renewed when less than this share of its life is left. */
const renewShare = 0.2;
const renewLeastMs = 5_000;

export interface SessionParts {
  fetch: Fetch;
  accounts: AccountStore;
  withLock: WithLock;
  now(): number;
  /** The session has ended, and was not ended here. */
  onEnd(): void;
  /** A new access token: the link must be told. */
  onRenewed(account: Account): void;
}

/**
 * Keeps the access token of one account fresh.
 *
 * A refresh token may be used once: a second use revokes the device. So of all tabs one renews at
 * a time, what it got is stored before the lock is let go, and whoever waited for the lock looks
 * into the store first.
 */
export class SessionKeeper implements api.TokenSource {
  #account: Account;
  #parts: SessionParts;
  #underWay: Promise<Account> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasEnded = false;

  constructor(account: Account, parts: SessionParts) {
    this.#account = account;
    this.#parts = parts;
    this.#plan();
  }

  get account(): Account {
    return this.#account;
  }

  close(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  async token(): Promise<string> {
    if (!this.#isStale(this.#account)) return this.#account.accessToken;
    const renewal = this.#renewIfStale();
    const lifeLeftMs = this.#account.accessExpiresAt - this.#parts.now();
    if (this.#hasEnded || lifeLeftMs < renewLeastMs) return (await renewal).accessToken;
    // Good for a while yet: nobody need wait for a slow renewal, or fail with it.
    renewal.catch(() => undefined);
    return this.#account.accessToken;
  }

  async renewed(refused: string): Promise<string> {
    return (await this.#renew((stored) => stored.accessToken !== refused)).accessToken;
  }

  /** Another tab has renewed. */
  async adopt(): Promise<void> {
    const stored = await this.#parts.accounts.get(this.#account.userId);
    if (stored && !this.#hasEnded) this.#take(stored);
  }

  #isStale(account: Account): boolean {
    const margin = Math.max(account.accessLifeMs * renewShare, renewLeastMs);
    return account.accessExpiresAt - this.#parts.now() < margin;
  }

  #renewIfStale(): Promise<Account> {
    return this.#renew((stored) => !this.#isStale(stored));
  }

  #renew(isGood: (stored: Account) => boolean): Promise<Account> {
    this.#underWay ??= this.#renewLocked(isGood).finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  #renewLocked(isGood: (stored: Account) => boolean): Promise<Account> {
    const { accounts, fetch, now, withLock } = this.#parts;
    return withLock(`refresh:${this.#account.userId}`, async () => {
      const stored = await accounts.get(this.#account.userId);
      if (!stored) this.#end();
      else if (isGood(stored)) return this.#take(stored);
      try {
        const session = await api.refresh(fetch, (stored ?? this.#account).refreshToken);
        const account = accountOf(session, now());
        await accounts.put(account);
        this.#take(account);
        this.#parts.onRenewed(account);
        return account;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) this.#end();
        throw error;
      }
    });
  }

  #take(account: Account): Account {
    this.#account = account;
    this.#plan();
    return account;
  }

  /** Before it expires, so that the link lives on; also where nobody asks for a token meanwhile. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    const margin = Math.max(this.#account.accessLifeMs * renewShare, renewLeastMs);
    const wait = this.#account.accessExpiresAt - this.#parts.now() - margin;
    this.#timer = setTimeout(() => this.#renewOrPlanAgain(), Math.max(wait, 0) + 50);
  }

  #planAgain(): void {
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renewOrPlanAgain(), 10_000);
  }

  #renewOrPlanAgain(): void {
    void this.#renewIfStale().catch(() => this.#planAgain());
  }

  #end(): never {
    const isNews = !this.#hasEnded;
    this.close();
    if (isNews) this.#parts.onEnd();
    throw new ApiError({ status: 401, code: 'unauthenticated', retryable: false });
  }
}
