import { expect, Person, test, uniqueName, TestServer } from './support';

/** A server of the test's own, since it is killed. */
async function scene(browser: import('@playwright/test').Browser) {
  const server = await TestServer.make();
  const ann = await new Person(server, uniqueName('ann')).register('Ann');
  const ben = await new Person(server, uniqueName('ben')).register('Ben');
  const chat = await ann.direct(ben);
  await ann.send(chat.id, 'before');
  await ann.open(browser);
  await ben.open(browser);
  for (const [person, other] of [
    [ann, 'Ben'],
    [ben, 'Ann'],
  ] as const) {
    await person.signIn();
    await person.openChat(other);
    await expect(person.message('before')).toHaveCount(1);
  }
  return { server, ann, ben, chat };
}

const offline = (person: Person) => person.page.getByRole('status').filter({ hasText: 'Offline' });

async function expectInOrder(person: Person, texts: string[]) {
  await expect
    .poll(async () => {
      const all = await person.log.getByRole('article').allInnerTexts();
      const found = all.map((text) => texts.find((each) => text.includes(each)));
      return found.filter(Boolean);
    })
    .toEqual(texts);
}

async function killed(server: TestServer, ...people: Person[]) {
  await server.kill();
  for (const person of people) await expect(offline(person)).toBeVisible();
}

test('what is typed while the server is dead is sent when it is back', async ({ browser }) => {
  const { server, ann, ben } = await scene(browser);
  await killed(server, ann, ben);
  const texts = ['offline one', 'offline two', 'offline three', 'offline four'];
  for (const text of texts) {
    await ann.type(text);
    await expect(ann.message(text)).toContainText('Waiting');
  }
  await server.start();
  for (const text of texts) await expect(ann.message(text)).toContainText(/Sent|Delivered|Read/);
  await expect(offline(ann)).toBeHidden();
  await expectInOrder(ann, texts);
  await expectInOrder(ben, texts);
  await server.remove();
});

test('a reload while the server is dead loses nothing', async ({ browser }) => {
  const { server, ann, ben } = await scene(browser);
  // The worker that keeps the shell must be there before the network goes.
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await ann.page.reload();
  await expect(ann.message('before')).toHaveCount(1);
  await killed(server, ann, ben);
  await ann.type('kept over the reload');
  await expect(ann.message('kept over the reload')).toContainText('Waiting');

  await ann.page.reload();
  await expect(ann.message('before')).toHaveCount(1);
  await expect(ann.message('kept over the reload')).toContainText('Waiting');
  await expect(offline(ann)).toBeVisible();
  await ann.type('and one more');
  await server.start();
  await expectInOrder(ben, ['kept over the reload', 'and one more']);
  await expect(ann.message('kept over the reload')).toContainText(/Sent|Delivered|Read/);
  await server.remove();
});

test('a chat that could not be loaded shows what waits, and loads when the link is back', async ({
  browser,
}) => {
  const { server, ann, ben } = await scene(browser);
  const other = await new Person(server, uniqueName('cat')).register('Cat');
  const chat = await other.direct(ann);
  await other.send(chat.id, 'never seen here');
  await expect(ann.page.getByRole('link', { name: /^Cat/ })).toBeVisible();
  await ann.context.setOffline(true);
  await ann.page.getByRole('link', { name: /^Cat/ }).click();
  await ann.type('said without a history');
  await expect(ann.message('said without a history')).toContainText('Waiting');
  await ann.page.reload();
  await expect(ann.message('said without a history')).toContainText('Waiting');
  await ann.context.setOffline(false);
  await expectInOrder(ann, ['never seen here', 'said without a history']);
  await expect(ann.message('said without a history')).toContainText(/Sent|Delivered|Read/);
  await ben.context.close();
  await server.remove();
});

test('a reload in the middle of a send sends each message once', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  const texts = Array.from({ length: 8 }, (_, index) => `burst ${index}`);
  for (const text of texts) await ann.type(text);
  await ann.page.reload();
  await expectInOrder(ann, texts);
  for (const text of texts) await expect(ann.message(text)).toContainText(/Sent|Delivered|Read/);
  const page = await ben.request('GET', `/v1/chats/${chat.id}/messages?limit=100`);
  expect(page.data.map((each: { content: string }) => each.content)).toEqual(texts);
});

test('a message whose ack was lost is sent again and stored once', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  // The link is cut the moment the message has left.
  const cut = await ann.context.newCDPSession(ann.page);
  await cut.send('Network.enable');
  await ann.composer.fill('said into the dark');
  await ann.composer.press('Enter');
  await ann.context.setOffline(true);
  await ann.context.setOffline(false);
  await expect(ann.message('said into the dark')).toContainText(/Sent|Delivered|Read/);
  await expect(ann.message('said into the dark')).toHaveCount(1);
  const page = await ben.request('GET', `/v1/chats/${chat.id}/messages`);
  expect(page.data).toHaveLength(1);
});

test('messages missed while away are there at once, edits and deletes too', async ({ browser }) => {
  const { server, ann, ben, chat } = await scene(browser);
  const first = await ben.send(chat.id, 'to be edited');
  const second = await ben.send(chat.id, 'to be deleted');
  await expect(ann.message('to be deleted')).toHaveCount(1);
  await ann.context.setOffline(true);
  await ann.page.evaluate(() => dispatchEvent(new Event('offline')));
  await ben.request('PATCH', `/v1/chats/${chat.id}/messages/${first.messageId}`, {
    content: 'now edited',
  });
  await ben.request('DELETE', `/v1/chats/${chat.id}/messages/${second.messageId}?scope=everyone`);
  for (let index = 0; index < 120; index += 1) await ben.send(chat.id, `missed ${index}`);
  await server.kill();
  await expect(offline(ann)).toBeVisible();
  await ann.context.setOffline(false);
  await server.start();
  await expect(offline(ann)).toBeHidden();
  await expect(ann.message('missed 119')).toHaveCount(1);
  await ann.log.evaluate((log) => log.scrollTo(0, 0));
  await expect(ann.message('now edited')).toHaveCount(1);
  await expect(ann.message('to be deleted')).toHaveCount(0);
  await server.remove();
});

test('two tabs of one account share what waits, and neither sends it twice', async ({
  browser,
}) => {
  const { server, ann, ben } = await scene(browser);
  const other = await ann.context.newPage();
  await other.goto(ann.page.url());
  const log = other.getByRole('log', { name: 'Messages' });
  await expect(log.getByRole('article').filter({ hasText: 'before' })).toHaveCount(1);
  await killed(server, ann, ben);
  await ann.type('from the first tab');
  await expect(log.getByRole('article').filter({ hasText: 'from the first tab' })).toContainText(
    'Waiting',
  );
  await other.getByRole('textbox', { name: 'Message' }).fill('from the second tab');
  await other.getByRole('textbox', { name: 'Message' }).press('Enter');
  await expect(ann.message('from the second tab')).toContainText('Waiting');
  await server.start();
  await expectInOrder(ben, ['from the first tab', 'from the second tab']);
  await expectInOrder(ann, ['from the first tab', 'from the second tab']);
  await server.remove();
});
