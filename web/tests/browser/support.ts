import {
  test as base,
  expect,
  type Browser,
  type BrowserContext,
  type Page,
} from '@playwright/test';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { root, TestServer } from './server';

export { expect, root, TestServer };

export const password = 'correct horse battery';
let made = 0;

/** A username that no other test of any worker has. */
export function uniqueName(stem: string): string {
  made += 1;
  return `${stem}_${process.pid.toString(36)}_${made.toString(36)}`;
}

/** REST as a script uses it: to set a scene without clicking it together. */
export class Account {
  token = '';
  id = '';

  constructor(
    readonly server: TestServer,
    readonly username: string,
  ) {}

  async request<Answer = any>(method: string, where: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.server.url + where, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as Answer;
  }

  async register(displayName?: string): Promise<this> {
    const session = await this.request('POST', '/v1/auth/register', {
      username: this.username,
      password,
      ...(displayName && { displayName }),
    });
    this.token = session.accessToken;
    this.id = session.user.id;
    return this;
  }

  direct(other: Account): Promise<{ id: string }> {
    return this.request('POST', '/v1/chats', { type: 'direct', userId: other.id });
  }

  group(title: string, members: Account[]): Promise<{ id: string }> {
    return this.request('POST', '/v1/chats', {
      type: 'group',
      title,
      memberIds: members.map((each) => each.id),
    });
  }

  send(chatId: string, content: string, more: object = {}): Promise<{ messageId: string }> {
    return this.request('POST', `/v1/chats/${chatId}/messages`, {
      content,
      type: 'text',
      ...more,
    });
  }
}

/** KNOTOS_WEB_DIST=1: the page is that of web/dist, so that a change needs no new binary. */
async function servePage(context: BrowserContext, url: string): Promise<void> {
  if (!process.env.KNOTOS_WEB_DIST) return;
  await context.route(`${url}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (/^\/(v1|socket\.io|version)(\/|$)/.test(pathname)) return route.fallback();
    const file = path.join(root, 'web/dist', pathname);
    const isFile = existsSync(file) && statSync(file).isFile();
    await route.fulfill({ path: isFile ? file : path.join(root, 'web/dist/index.html') });
  });
}

/** Somebody at a browser of their own. */
export class Person extends Account {
  context!: BrowserContext;
  page!: Page;

  async open(browser: Browser, options: object = {}): Promise<this> {
    this.context = await browser.newContext({ baseURL: this.server.url, ...options });
    await servePage(this.context, this.server.url);
    this.page = await this.context.newPage();
    await this.page.goto('/');
    return this;
  }

  async signIn(): Promise<this> {
    await this.page.getByRole('textbox', { name: 'Username' }).fill(this.username);
    await this.page.getByRole('textbox', { name: 'Password' }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await expect(this.page.getByRole('navigation', { name: 'Chats' })).toBeVisible();
    return this;
  }

  chatLink(title: string | RegExp) {
    return this.page.getByRole('navigation', { name: 'Chats' }).getByRole('link', { name: title });
  }

  async openChat(title: string): Promise<void> {
    await this.chatLink(title).click();
    await expect(this.page.getByRole('main').getByRole('heading', { name: title })).toBeVisible();
  }

  get log() {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  message(text: string | RegExp) {
    return this.log.getByRole('article').filter({ hasText: text });
  }

  get composer() {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  async type(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async act(text: string, deed: string): Promise<void> {
    const message = this.message(text);
    await message.hover();
    await message.getByRole('button', { name: 'Message actions' }).click();
    await this.page.getByRole('menuitem', { name: deed }).click();
  }
}

interface TestFixtures {
  /** Registered, at a browser, signed in. */
  person(stem: string, displayName?: string, options?: object): Promise<Person>;
  /** Registered; nobody looks. */
  account(stem: string, displayName?: string): Promise<Account>;
}

interface WorkerFixtures {
  server: TestServer;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await TestServer.make();
      await use(server);
      await server.remove();
    },
    { scope: 'worker' },
  ],
  account: async ({ server }, use) => {
    await use((stem, displayName) => new Account(server, uniqueName(stem)).register(displayName));
  },
  person: async ({ server, browser }, use) => {
    const people: Person[] = [];
    await use(async (stem, displayName, options) => {
      const person = new Person(server, uniqueName(stem));
      people.push(person);
      await person.register(displayName);
      await person.open(browser, options);
      return person.signIn();
    });
    for (const person of people) await person.context.close();
  },
});
