import { expectAccessible } from './axe';
import { expect, password, Person, test, uniqueName, TestServer } from './support';

test('two accounts in one browser never mix', async ({ person, account, server }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const cay = await new Person(server, uniqueName('cay')).register('Cay');
  const chat = await ann.direct(ben);
  await ann.send(chat.id, 'only Ann knows this');
  await expect(ann.chatLink(/^Ben/)).toBeVisible();

  const { page } = ann;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Add another account' }).click();
  await page.getByRole('textbox', { name: 'Username' }).fill(cay.username);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('No chats yet')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('only Ann knows this');
  const names = await page.evaluate(async () =>
    (await indexedDB.databases()).map((each) => each.name ?? ''),
  );
  expect(names).toContain(`knotos-user-${ann.id}`);
  expect(names).toContain(`knotos-user-${cay.id}`);

  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Switch to Ann' }).click();
  await expect(ann.chatLink(/^Ben.*only Ann knows this/)).toBeVisible();

  // Signing one out leaves nothing of it here, and the other as it was.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await page.getByRole('button', { name: 'Go back to Cay' }).click();
  await expect(page.getByText('No chats yet')).toBeVisible();
  await expect
    .poll(() =>
      page.evaluate(async () => (await indexedDB.databases()).map((each) => each.name ?? '')),
    )
    .not.toContain(`knotos-user-${ann.id}`);
});

test('a reload and a new tab stay signed in', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  await ann.page.reload();
  await expect(ann.page.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  const other = await ann.context.newPage();
  await other.goto('/');
  await expect(other.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  // Signing out in one tab signs out the other.
  await ann.page.getByRole('button', { name: 'Sign out' }).click();
  await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible();
});

test('a wrong password and a taken name are said in a sentence', async ({
  account,
  server,
  browser,
}) => {
  const ben = await account('ben');
  const ann = await new Person(server, uniqueName('ann')).open(browser);
  const { page } = ann;
  const alert = page.getByRole('alert').filter({ hasText: /\w/ });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(alert).toContainText('3 to 32');
  await page.getByRole('textbox', { name: 'Username' }).fill(ben.username);
  await page.getByRole('textbox', { name: 'Password' }).fill('something else');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(alert).toContainText('wrong');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(alert).toContainText('taken');
  await page.getByRole('textbox', { name: 'Username' }).fill(uniqueName('short'));
  await page.getByRole('textbox', { name: 'Password' }).fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(alert).toContainText('At least 8');
  await ann.context.close();
});

test('a device is signed out from the list of devices', async ({ person, server, browser }) => {
  const ann = await person('ann', 'Ann');
  const elsewhere = new Person(server, ann.username);
  await elsewhere.open(browser);
  await elsewhere.signIn();
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  const devices = ann.page.getByRole('region', { name: 'Devices' });
  await expect(devices.getByText('This device')).toHaveCount(1);
  // The browser elsewhere, and the one that registered.
  await devices.getByRole('button', { name: 'End all other sessions' }).click();
  await expect(devices.getByRole('listitem')).toHaveCount(1);
  await expect(elsewhere.page.getByText('You were signed out')).toBeVisible();
  await elsewhere.context.close();
});

test('an account is deleted for good, by who knows its password', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.send(chat.id, 'remember me');
  await ben.openChat('Ann');
  await expect(ben.message('remember me')).toHaveCount(1);
  const { page } = ann;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete account' });
  await expectAccessible(page, 'the dialog that deletes an account');
  await dialog.getByRole('textbox', { name: 'Password' }).fill('not the password');
  await dialog.getByRole('button', { name: 'Delete account' }).click();
  await expect(dialog.getByRole('alert')).toContainText('wrong');
  await dialog.getByRole('textbox', { name: 'Password' }).fill(password);
  await dialog.getByRole('button', { name: 'Delete account' }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Username' }).fill(ann.username);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'wrong' })).toBeVisible();
  await expect(ben.message('remember me')).toHaveCount(0);
});

test('a session is renewed in silence, by one tab for all', async ({ browser }) => {
  const server = await TestServer.make();
  const ann = await new Person(server, uniqueName('ann')).register('Ann');
  const ben = await new Person(server, uniqueName('ben')).register('Ben');
  const chat = await ann.direct(ben);
  await ann.open(browser);
  await ann.signIn();
  const tabs = [ann.page, await ann.context.newPage(), await ann.context.newPage()];
  await tabs[1]!.goto('/');
  await tabs[2]!.goto('/');
  // As if it had expired: each tab must ask for a new one, and only one may.
  let refreshes = 0;
  for (const tab of tabs) {
    tab.on('request', (request) => {
      if (request.url().endsWith('/v1/auth/refresh')) refreshes += 1;
    });
    await expect(tab.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  }
  await ann.page.evaluate(async () => {
    const open = indexedDB.open('knotos-accounts');
    await new Promise((resolve) => (open.onsuccess = resolve));
    const store = open.result.transaction('accounts', 'readwrite').objectStore('accounts');
    const all = store.getAll();
    await new Promise((resolve) => (all.onsuccess = resolve));
    for (const account of all.result) store.put({ ...account, accessExpiresAt: Date.now() + 500 });
  });
  await Promise.all(tabs.map((tab) => tab.reload()));
  for (const tab of tabs) await expect(tab.getByRole('link', { name: /^Ben/ })).toBeVisible();
  expect(refreshes).toBe(1);
  await ben.send(chat.id, 'still here');
  for (const tab of tabs) await expect(tab.getByRole('link', { name: /still here/ })).toBeVisible();
  await ann.context.close();
  await server.remove();
});

test('a link outlives many access tokens', async ({ browser }) => {
  test.setTimeout(90_000);
  const server = await TestServer.make(['--access-token-life-ms', '9000']);
  const ann = await new Person(server, uniqueName('ann')).register('Ann');
  await ann.open(browser);
  await ann.signIn();
  const other = await ann.context.newPage();
  await other.goto('/');
  await expect(other.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  let losses = 0;
  const isRefresh = (response: { url(): string }) => response.url().endsWith('/v1/auth/refresh');
  for (const tab of [ann.page, other]) {
    await tab.exposeFunction('countLoss', () => (losses += 1));
    await tab.evaluate(() => {
      const status = document.querySelector('[role=status]')!;
      new MutationObserver(() => {
        if (status.textContent) (window as unknown as { countLoss(): void }).countLoss();
      }).observe(status, { childList: true, subtree: true, characterData: true });
    });
  }
  // Either tab may be the one that renews.
  for (let renewals = 0; renewals < 3; renewals += 1) {
    const answer = await ann.context.waitForEvent('response', { predicate: isRefresh });
    expect(answer.status()).toBe(200);
  }
  expect(losses).toBe(0);
  await expect(other.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  await ann.context.close();
  await server.remove();
});
