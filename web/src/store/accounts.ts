import { openDB, type IDBPDatabase } from 'idb';

import type { Session, User } from '../model/types';

/** An account that is signed in on this browser. */
export interface Account {
  userId: string;
  user: User;
  deviceId: string;
  accessToken: string;
  /** By this browser's clock. */
  accessExpiresAt: number;
  accessLifeMs: number;
  refreshToken: string;
  lastUsedAt: number;
}

export function accountOf(session: Session, now: number): Account {
  return {
    userId: session.user.id,
    user: session.user,
    deviceId: session.deviceId,
    accessToken: session.accessToken,
    accessExpiresAt: now + session.expiresInMs,
    accessLifeMs: session.expiresInMs,
    refreshToken: session.refreshToken,
    lastUsedAt: now,
  };
}

export interface AccountStore {
  all(): Promise<Account[]>;
  get(userId: string): Promise<Account | undefined>;
  put(account: Account): Promise<void>;
  remove(userId: string): Promise<void>;
}

/** Who is signed in, apart from what each of them has: that is in a database of its own. */
export async function openAccountStore(): Promise<AccountStore> {
  const db: IDBPDatabase = await openDB('knotos-accounts', 1, {
    upgrade: (fresh) => {
      fresh.createObjectStore('accounts', { keyPath: 'userId' });
    },
  });
  return {
    all: () => db.getAll('accounts') as Promise<Account[]>,
    get: (userId) => db.get('accounts', userId) as Promise<Account | undefined>,
    put: async (account) => {
      await db.put('accounts', account);
    },
    remove: (userId) => db.delete('accounts', userId),
  };
}
