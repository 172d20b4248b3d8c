import { openDB, type IDBPDatabase } from 'idb';

interface Lease {
  owner: string;
  until: number;
}

export interface Leases {
  /** False: somebody else has it. A lease that nobody renewed is free again when it has run out. */
  take(name: string, owner: string, now: number, forMs: number): Promise<boolean>;
  release(name: string, owner: string): Promise<void>;
}

let database: Promise<IDBPDatabase> | undefined;

export async function openLeases(): Promise<Leases> {
  database ??= openDB('knotos-leases', 1, {
    upgrade: (db) => {
      db.createObjectStore('leases');
    },
  });
  const db = await database;
  return {
    async take(name, owner, now, forMs) {
      const transaction = db.transaction('leases', 'readwrite');
      const lease = (await transaction.store.get(name)) as Lease | undefined;
      const isFree = !lease || lease.owner === owner || lease.until <= now;
      if (isFree) await transaction.store.put({ owner, until: now + forMs }, name);
      await transaction.done;
      return isFree;
    },
    async release(name, owner) {
      const transaction = db.transaction('leases', 'readwrite');
      const lease = (await transaction.store.get(name)) as Lease | undefined;
      if (lease?.owner === owner) await transaction.store.delete(name);
      await transaction.done;
    },
  };
}
