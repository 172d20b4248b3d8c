import * as api from '../net/api';
import { accountOf, openAccountStore, type Account, type AccountStore } from '../store/accounts';
import { ChatStore } from '../store/chat_store';
import { Client } from './client.svelte';
import { router } from './router.svelte';

export type Phase = 'starting' | 'signedOut' | 'signedIn' | 'failed';

/** Which account this tab shows; and for tabs to come, which was used last. */
const tabKey = 'knotos.account';

class App {
  phase = $state<Phase>('starting');
  client = $state.raw<Client | null>(null);
  accounts = $state.raw<readonly Account[]>([]);
  /** Why the sign-in page is there, if the user did not ask for it. */
  wasEnded = $state(false);
  #store: AccountStore | null = null;

  async start(): Promise<void> {
    this.phase = 'starting';
    try {
      this.#store = await openAccountStore();
      this.accounts = await this.#store.all();
      const account = this.#choose();
      if (account) await this.#use(account);
      else this.phase = 'signedOut';
    } catch (error) {
      console.error(error);
      this.phase = 'failed';
    }
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.#begin(await api.login(browserFetch, username, password));
  }

  async signUp(username: string, password: string): Promise<void> {
    await this.#begin(await api.register(browserFetch, username, password));
  }

  /** Another account of this device, in this tab. */
  async switchTo(userId: string): Promise<void> {
    const account = await this.#store!.get(userId);
    if (!account) return;
    this.#close();
    router.go({ page: 'list' });
    await this.#use(account);
  }

  /** To the sign-in page, without signing anybody out. */
  addAccount(): void {
    this.#close();
    sessionStorage.removeItem(tabKey);
    this.wasEnded = false;
    this.phase = 'signedOut';
  }

  /** Ends the session at the server too, where it can be reached, and forgets what is kept here. */
  async signOut(): Promise<void> {
    const client = this.client;
    if (!client) return;
    const told = client.erasures
      .flush()
      .then(() => client.api.logout())
      .catch(() => undefined);
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 3_000))]);
    await this.#leave(client);
  }

  /** For good, at the server and here. Rejects where the server does not do it. */
  async deleteAccount(password: string): Promise<void> {
    const client = this.client;
    if (!client) return;
    await client.api.deleteMe(password);
    await this.#leave(client);
  }

  async #leave(client: Client): Promise<void> {
    client.tabs.tell({ kind: 'signedOut' });
    await this.#forget(client.ownId);
    client.drafts.clear();
    client.erasures.clear();
    await ChatStore.remove(client.ownId).catch(() => undefined);
    router.go({ page: 'list' }, { replace: true });
  }

  async refreshAccounts(): Promise<void> {
    this.accounts = await this.#store!.all();
  }

  async #begin(session: Parameters<typeof accountOf>[0]): Promise<void> {
    const account = accountOf(session, Date.now());
    await this.#store!.put(account);
    await this.refreshAccounts();
    this.#close();
    await this.#use(account);
  }

  #choose(): Account | undefined {
    const wanted = sessionStorage.getItem(tabKey) ?? localStorage.getItem(tabKey);
    return this.accounts.find((each) => each.userId === wanted) ?? this.accounts[0];
  }

  async #use(account: Account): Promise<void> {
    sessionStorage.setItem(tabKey, account.userId);
    localStorage.setItem(tabKey, account.userId);
    this.client = await Client.start(account, {
      accounts: this.#store!,
      onSignedOut: () => {
        this.wasEnded = true;
        void this.#end(account.userId);
      },
    });
    this.phase = 'signedIn';
  }

  #close(): void {
    this.client?.close();
    this.client = null;
  }

  async #forget(userId: string): Promise<void> {
    if (this.client?.ownId === userId) this.#close();
    this.phase = 'signedOut';
    sessionStorage.removeItem(tabKey);
    await this.#store!.remove(userId);
    await this.refreshAccounts();
  }

  /** Not by the user, here: what was written and not sent waits for the next sign-in. */
  async #end(userId: string): Promise<void> {
    await this.#forget(userId);
    const store = await ChatStore.open(userId);
    await store.forgetAllButOutbox();
    store.close();
  }
}

const browserFetch = (url: string, init: RequestInit) => fetch(url, init);

export const app = new App();
