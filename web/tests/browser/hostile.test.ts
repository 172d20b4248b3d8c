import { expect, Person, test, uniqueName, TestServer } from './support';
import { tappedScene } from './tapped';

/** Known ways to get a script, or a request, out of text. */
const tricks = [
  '<script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 1">',
  '<svg/onload=window.pwned=1>',
  '"><script>window.pwned=1</script>',
  "'-window.pwned=1-'",
  '</textarea><script>window.pwned=1</script>',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<a href="javascript:window.pwned=1">click</a>',
  'javascript:window.pwned=1',
  '[x](javascript:window.pwned=1)',
  '{{constructor.constructor("window.pwned=1")()}}',
  '${window.pwned=1}',
  '{@html "<img src=x onerror=window.pwned=1>"}',
  '<style>@import "https://evil.example/x.css"</style>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=window.pwned=1>',
  '<noscript><p title="</noscript><img src=x onerror=window.pwned=1>">',
  '&lt;img src=x onerror=window.pwned=1&gt;',
  '\u202e<script>window.pwned=1</script>',
  '<!--><img src=x onerror=window.pwned=1>-->',
  '<template><script>window.pwned=1</script></template>',
  '__proto__',
  'https://example.org/"onmouseover="window.pwned=1',
];

test('a script in a message is text, and nothing else', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  const asked: string[] = [];
  ann.page.on('request', (request) => asked.push(request.url()));
  const broken: string[] = [];
  ann.page.on('pageerror', (error) => broken.push(String(error)));
  await ann.openChat('Ben');
  for (const trick of tricks) {
    await ben.send(chat.id, trick);
    const shown = ann.log.getByRole('article').last();
    await expect(shown).toContainText(trick.replace(/\s+/g, ' '));
    await expect(ann.chatLink(/^Ben/)).toContainText(trick.slice(0, 20));
  }
  await expect(
    ann.log.locator('script, img, iframe, style, base, meta, form, template'),
  ).toHaveCount(0);
  const links = await ann.log
    .getByRole('link')
    .evaluateAll((all) => all.map((each) => (each as HTMLAnchorElement).protocol));
  expect(links.every((protocol) => protocol === 'https:')).toBe(true);
  expect(await ann.page.evaluate(() => 'pwned' in window)).toBe(false);
  expect(asked.filter((url) => !url.startsWith(ann.server.url))).toEqual([]);
  expect(broken).toEqual([]);
});

test('a script in a title or a name is text, and nothing else', async ({ person, server }) => {
  const ann = await person('ann', 'Ann');
  for (const trick of tricks) {
    const name = trick.slice(0, 64).trim();
    const eve = await new Person(server, uniqueName('eve')).register(name);
    const title = trick.slice(0, 128).trim();
    const chat = await eve.group(title, [ann]);
    await eve.send(chat.id, 'from eve');
    await expect(ann.page.getByRole('navigation').getByRole('link').first()).toContainText(
      title.replace(/\s+/g, ' '),
    );
    await ann.page.getByRole('navigation').getByRole('link').first().click();
    await expect(ann.page.getByRole('main').getByRole('heading')).toHaveText(
      title.replace(/\s+/g, ' '),
    );
    await expect(ann.message('from eve')).toContainText(name.replace(/\s+/g, ' '));
  }
  expect(await ann.page.evaluate(() => 'pwned' in window)).toBe(false);
  await expect(ann.page.locator('nav script, nav img, main script, main img')).toHaveCount(0);
});

test('a path that is no place of ours leads somewhere sensible', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  for (const path of [
    '/chats/00000000-0000-4000-8000-000000000000',
    '/chats/%3Cscript%3E',
    '/chats/%E0%A4%A',
  ]) {
    await ann.page.goto(path);
    await expect(ann.page.getByRole('navigation', { name: 'Chats' })).toBeVisible();
    await expect(ann.page.getByRole('main')).toContainText('not there');
  }
});

const answers = {
  'an error 500': { status: 500, body: 'Internal Server Error' },
  'an error 429': {
    status: 429,
    contentType: 'application/problem+json',
    headers: { 'Retry-After': '1' },
    body: '{"code":"rate-limited","status":429,"retryable":true}',
  },
  'the page of a proxy': { status: 502, contentType: 'text/html', body: '<html>Bad</html>' },
  'garbage with a 200': { status: 200, contentType: 'application/json', body: '{"data": [1, {' },
  'another shape': { status: 200, contentType: 'application/json', body: '{"data": null}' },
  'a list of something else': {
    status: 200,
    contentType: 'application/json',
    body: '{"data": [null, 1, {"id": 5}, {"id": "x", "seq": 1, "createdAt": "soon"}], "page": {}}',
  },
};

for (const [what, answer] of Object.entries(answers)) {
  test(`a server that answers ${what} gets a sentence and a retry`, async ({ browser }) => {
    const server = await TestServer.make();
    const ann = await new Person(server, uniqueName('ann')).register('Ann');
    const ben = await new Person(server, uniqueName('ben')).register('Ben');
    const chat = await ann.direct(ben);
    await ben.send(chat.id, 'the message');
    await ann.open(browser);

    // Signing in.
    await ann.page.route('**/v1/auth/login', (route) => route.fulfill(answer));
    await ann.page.getByRole('textbox', { name: 'Username' }).fill(ann.username);
    await ann.page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await ann.page.getByRole('button', { name: 'Sign in' }).click();
    await expect(ann.page.getByRole('alert')).toContainText(/try again/i);
    await ann.page.unroute('**/v1/auth/login');

    // The list.
    await ann.page.route('**/v1/chats?**', (route) => route.fulfill(answer));
    await ann.page.route('**/v1/sync**', (route) => route.fulfill(answer));
    await ann.page.getByRole('button', { name: 'Sign in' }).click();
    await expect(ann.page.getByRole('alert').filter({ hasText: /try again/i })).toBeVisible();
    await ann.page.unroute('**/v1/chats?**');
    await ann.page.unroute('**/v1/sync**');
    await expect(ann.chatLink(/^Ben/)).toBeVisible();

    // The messages of a chat.
    await ann.page.route(`**/v1/chats/${chat.id}/messages?**`, (route) => route.fulfill(answer));
    await ann.chatLink(/^Ben/).click();
    const alert = ann.page
      .getByRole('main')
      .getByRole('alert')
      .filter({ hasText: /try again/i });
    await expect(alert).toBeVisible();
    await ann.page.unroute(`**/v1/chats/${chat.id}/messages?**`);
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(ann.message('the message')).toHaveCount(1);
    await ann.context.close();
    await server.remove();
  });
}

for (const [what, answer] of Object.entries(answers)) {
  test(`a deed that the server answers with ${what} can be tried again`, async ({
    person,
    account,
  }) => {
    const ann = await person('ann', 'Ann');
    const ben = await account('ben', 'Ben');
    const chat = await ann.direct(ben);
    await ann.openChat('Ben');
    await ann.type('the message');
    await expect(ann.message('the message')).toContainText(/Sent|Delivered|Read/);
    const broken: string[] = [];
    ann.page.on('pageerror', (error) => broken.push(String(error)));
    const { page } = ann;

    // What is done to a message.
    await page.route(`**/v1/chats/${chat.id}/messages/**`, (route) => route.fulfill(answer));
    const toast = page.getByRole('alert').filter({ hasText: /try again/i });
    await ann.act('the message', 'Pin');
    await expect(toast).toBeVisible();
    await toast.getByRole('button', { name: 'Dismiss' }).click();
    await expect(toast).toHaveCount(0);
    await ann.act('the message', 'Edit');
    await ann.type('the message, edited');
    await expect(toast).toBeVisible();
    await page.unroute(`**/v1/chats/${chat.id}/messages/**`);
    await toast.getByRole('button', { name: 'Try again' }).click();

    await expect(ann.composer).toHaveValue('the message, edited');
    await ann.composer.press('Enter');
    await expect(ann.message('the message')).toContainText('edited');
    await expect(page.getByRole('log').getByRole('article')).toHaveCount(1);

    // Finding somebody.
    await page.route('**/v1/users?**', (route) => route.fulfill(answer));
    await page.getByRole('button', { name: 'New chat' }).click();
    const dialog = page.getByRole('dialog', { name: 'New chat' });
    await dialog.getByRole('textbox', { name: 'Username' }).fill(ben.username);
    await dialog.getByRole('button', { name: 'Start chat' }).click();
    await expect(dialog.getByRole('alert')).toContainText(/try again/i);
    await page.unroute('**/v1/users?**');
    await dialog.getByRole('button', { name: 'Start chat' }).click();
    await expect(dialog).toHaveCount(0);

    // A part of a page.
    await page.route('**/v1/auth/sessions', (route) => route.fulfill(answer));
    await page.getByRole('button', { name: 'Settings' }).click();
    const devices = page.getByRole('region', { name: 'Devices' });
    const alert = devices.getByRole('alert');
    if (what !== 'a list of something else') await expect(alert).toContainText(/try again/i);
    else await expect(alert.or(devices.getByRole('listitem')).first()).toBeVisible();
    await page.unroute('**/v1/auth/sessions');
    expect(broken).toEqual([]);
  });
}

test('events that make no sense change nothing', async ({ browser }) => {
  const server = await TestServer.make();
  const { ann, ben, chat } = await tappedScene(server, browser);
  await ann.signIn();
  await ann.openChat('Ben');
  await expect(ann.message('the message')).toHaveCount(1);

  const events = [
    'new_message',
    'message_updated',
    'message_deleted',
    'message_read',
    'message_delivered',
    'typing_start',
    'presence_update',
    'chat_state_updated',
    'read_state',
    'chat_added',
    'chat_removed',
    'message_hidden',
    'no_such_event',
  ];
  const { id: chatId } = chat;
  const payloads = [
    null,
    [],
    'text',
    {},
    { chatId },
    { chatId, userId: 5, seq: 'x', state: null, message: {} },
    { chatId, id: 'x', seq: 1e9, rev: 1e9, createdAt: 'soon', senderId: ben.id, content: {} },
    { chatId, id: 'y', seq: 1e9, rev: 1e9, reactions: [null], senderId: ben.id, content: 'z' },
    { chat: { id: 'x', state: {} }, states: 'x', userId: ben.id, state: 'nowhere' },
  ];
  for (const event of events) {
    if (event === 'chat_removed') continue;
    await ann.say(...payloads.map((payload) => `42${JSON.stringify([event, payload])}`));
  }
  await ann.say('42["new_message"]');
  await ben.send(chatId, 'still here');
  await expect(ann.message('still here')).toHaveCount(1);
  await expect(ann.log.getByRole('article')).toHaveCount(2);
  expect(ann.broken).toEqual([]);
  // Nor is anything kept that the next start would stumble over.
  await ann.page.reload();
  await expect(ann.message('still here')).toHaveCount(1);
  await expect(ann.page.getByRole('navigation').getByRole('link')).toHaveCount(2);
  expect(ann.broken).toEqual([]);
  await ann.context.close();
  await server.remove();
});
