import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';

import type { OutboxStore, PendingMessage } from '../model/outbox';
import type { Chat, Message, User } from '../model/types';

/** The newest messages of a chat, whole up to `hi`. */
export interface Snapshot {
  chatId: string;
  hi: number;
  hasOlder: boolean;
  messages: Message[];
}

interface Schema extends DBSchema {
  chats: { key: string; value: Chat };
  snapshots: { key: string; value: Snapshot };
  outbox: {
    key: number;
    value: PendingMessage & { order?: number };
    indexes: { byClientMessageId: string };
  };
  people: { key: string; value: User };
  values: { key: string; value: unknown };
}

const databaseName = (userId: string) => `knotos-user-${userId}`;

/** Messages of a chat that are kept for the next start, and for when there is no network. */
export const snapshotMessagesMax = 100;

/** What one account keeps on this device, in a database of its own: accounts never mix. */
export class ChatStore {
  static async open(userId: string): Promise<ChatStore> {
    const db = await openDB<Schema>(databaseName(userId), 1, {
      upgrade: (fresh) => {
        fresh.createObjectStore('chats', { keyPath: 'id' });
        fresh.createObjectStore('snapshots', { keyPath: 'chatId' });
        const outbox = fresh.createObjectStore('outbox', {
          keyPath: 'order',
          autoIncrement: true,
        });
        outbox.createIndex('byClientMessageId', 'clientMessageId', { unique: true });
        fresh.createObjectStore('people', { keyPath: 'id' });
        fresh.createObjectStore('values');
      },
    });
    return new ChatStore(db);
  }

  static remove(userId: string): Promise<void> {
    return deleteDB(databaseName(userId));
  }

  private constructor(private db: IDBPDatabase<Schema>) {
    // Another tab signs the account out: it may go.
    db.onversionchange = () => db.close();
  }

  close(): void {
    this.db.close();
  }

  /** The session was ended elsewhere: what was read goes, what was written and not sent stays. */
  async forgetAllButOutbox(): Promise<void> {
    const stores = ['chats', 'snapshots', 'people', 'values'] as const;
    const transaction = this.db.transaction(stores, 'readwrite');
    await Promise.all(stores.map((name) => transaction.objectStore(name).clear()));
    await transaction.done;
  }

  chats = () => this.db.getAll('chats');
  putChat = async (chat: Chat) => {
    await this.db.put('chats', chat);
  };
  removeChat = async (chatId: string) => {
    const transaction = this.db.transaction(['chats', 'snapshots'], 'readwrite');
    await transaction.objectStore('chats').delete(chatId);
    await transaction.objectStore('snapshots').delete(chatId);
    await transaction.done;
  };

  people = () => this.db.getAll('people');
  putPerson = async (user: User) => {
    await this.db.put('people', user);
  };

  value = <Value>(name: string) => this.db.get('values', name) as Promise<Value | undefined>;
  putValue = async (name: string, value: unknown) => {
    await this.db.put('values', value, name);
  };

  snapshot = (chatId: string) => this.db.get('snapshots', chatId);

  /** Another tab may have come further: then its snapshot stays. */
  async putSnapshot(snapshot: Snapshot): Promise<void> {
    const transaction = this.db.transaction('snapshots', 'readwrite');
    const known = await transaction.store.get(snapshot.chatId);
    if (!known || known.hi <= snapshot.hi) {
      const messages = snapshot.messages.slice(-snapshotMessagesMax);
      const hasOlder = snapshot.hasOlder || messages.length < snapshot.messages.length;
      await transaction.store.put({ ...snapshot, messages, hasOlder });
    }
    await transaction.done;
  }

  removeSnapshot = (chatId: string) => this.db.delete('snapshots', chatId);

  get outbox(): OutboxStore {
    const { db } = this;
    const keyOf = (clientMessageId: string) =>
      db.getKeyFromIndex('outbox', 'byClientMessageId', clientMessageId);
    return {
      all: async () => (await db.getAll('outbox')).map(({ order: _, ...message }) => message),
      add: async (message) => {
        await db.add('outbox', { ...message });
      },
      put: async (message) => {
        const order = await keyOf(message.clientMessageId);
        if (order !== undefined) await db.put('outbox', { ...message, order });
      },
      remove: async (clientMessageId) => {
        const order = await keyOf(clientMessageId);
        if (order !== undefined) await db.delete('outbox', order);
      },
    };
  }
}
