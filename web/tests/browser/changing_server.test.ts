import { expect, Person, test, TestServer, uniqueName } from './support';

test('a server with a newer client makes an open page load it', async ({ person }) => {
  // Without the worker that keeps the shell, as where there is no https.
  const ann = await person('ann', 'Ann', { serviceWorkers: 'block' });
  const { page } = ann;
  let isOld = true;
  page.on('load', () => (isOld = false));
  await page.route('**/assets/Settings-*.js', (route) =>
    isOld ? route.fulfill({ status: 404 }) : route.fallback(),
  );
  await page.evaluate(() => Object.assign(window, { isOld: true }));
  await page.getByRole('button', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { name: 'Devices' })).toBeVisible();
  expect(await page.evaluate(() => 'isOld' in window)).toBe(false);
});

test('a part that cannot be loaded without a network is told, and loses nothing', async ({
  person,
  account,
}) => {
  const ann = await person('ann', 'Ann', { serviceWorkers: 'block' });
  const ben = await account('ben', 'Ben');
  await ann.direct(ben);
  await ann.openChat('Ben');
  const { page } = ann;
  await ann.context.setOffline(true);
  await ann.type('typed meanwhile');
  await page.getByRole('button', { name: 'New group' }).click();
  await expect(page.getByRole('alert')).toContainText('cannot be reached');
  await expect(ann.message('typed meanwhile')).toContainText('Waiting');
  await ann.context.setOffline(false);
  await expect(ann.message('typed meanwhile')).toContainText(/Sent|Delivered|Read/);
});

test('a server that is about to restart says so, and the page comes back to it', async ({
  browser,
}) => {
  const server = await TestServer.make();
  const ann = await new Person(server, uniqueName('ann')).register('Ann');
  const ben = await new Person(server, uniqueName('ben')).register('Ben');
  const chat = await ann.direct(ben);
  await ann.open(browser);
  await ann.signIn();
  await ann.openChat('Ben');
  await ann.type('before');
  await expect(ann.message('before')).toContainText(/Sent|Delivered|Read/);
  await ann.page.evaluate(() => {
    const said: string[] = [];
    const banner = document.querySelector('[role=status]')!;
    new MutationObserver(() => said.push(banner.textContent!)).observe(banner, {
      childList: true,
      subtree: true,
      characterData: true,
    });
    Object.assign(window, { said });
  });
  await server.stop();
  await expect(ann.page.getByRole('status').filter({ hasText: 'Offline' })).toBeVisible();
  const said = await ann.page.evaluate(() => (window as unknown as { said: string[] }).said);
  expect(said.join()).toContain('The server is restarting');
  await ann.type('while it is away');
  await server.start();
  await expect(ann.message('while it is away')).toContainText(/Sent|Delivered|Read/);
  const page = await ben.request('GET', `/v1/chats/${chat.id}/messages`);
  const contents = page.data.map((each: { content: string }) => each.content);
  expect(contents).toEqual(['before', 'while it is away']);
  await ann.context.close();
  await server.remove();
});
