import { expectAccessible } from './axe';
import { expect, Person, test, uniqueName } from './support';

const phone = { viewport: { width: 320, height: 640 }, hasTouch: true };
const screens = {
  'in light': { colorScheme: 'light' },
  'in dark': { colorScheme: 'dark' },
  'on a small phone': { ...phone, colorScheme: 'light' },
  'on a small phone in dark': { ...phone, colorScheme: 'dark' },
} as const;

for (const [what, options] of Object.entries(screens)) {
  test(`every page and dialog is accessible ${what}`, async ({ server, browser, account }) => {
    const isPhone = 'hasTouch' in options;
    const ann = await new Person(server, uniqueName('ann')).register('Ann');
    const ben = await account('ben', 'Ben Ngô');
    const chat = await ann.direct(ben);
    const group = await ann.group('The climbing group', [ben]);
    await ben.send(chat.id, 'Have you seen https://example.org/a?b=c yet?');
    const mine = await ann.send(chat.id, 'Not yet!');
    await ben.send(chat.id, 'You should', { replyToMessageId: mine.messageId });
    const gone = await ann.send(chat.id, 'wrong chat');
    await ann.request('DELETE', `/v1/chats/${chat.id}/messages/${gone.messageId}?scope=everyone`);
    await ben.send(group.id, 'Who is in for Saturday?');

    await ann.open(browser, options);
    const { page } = ann;
    const check = (place: string) => expectAccessible(page, `${place} ${what}`);
    await check('the sign-in page');
    await page.getByRole('textbox', { name: 'Username' }).fill('nobody');
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('wrong');
    await check('the sign-in page with an error');
    await ann.signIn();
    await expect(ann.chatLink(/^The climbing group.*1 unread/)).toBeVisible();
    await check('the list');

    for (const name of ['New chat', 'New group']) {
      await page.getByRole('button', { name }).click();
      await expect(page.getByRole('dialog', { name })).toBeVisible();
      await check(`the dialog ${name}`);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }

    await ann.chatLink(/^Ben/).click();
    await expect(ann.message('You should')).toHaveCount(1);
    await check('a conversation');
    await ann.message('Not yet').first().getByRole('button', { name: 'Message actions' }).click();
    await expect(page.getByRole('menu')).toBeVisible();
    await check('the menu of a message');
    await page.getByRole('menuitem', { name: 'React' }).click();
    await check('the reactions');
    await page.keyboard.press('Escape');
    await ann.message('Not yet').first().getByRole('button', { name: 'Message actions' }).click();
    await page.getByRole('menuitem', { name: 'Forward' }).click();
    await expect(page.getByRole('dialog', { name: 'Forward to' })).toBeVisible();
    await check('the dialog for forwarding');
    await page.keyboard.press('Escape');
    await ann.message('You should').last().getByRole('button', { name: 'Message actions' }).click();
    await page.getByRole('menuitem', { name: 'Reply' }).click();
    await check('a reply');
    await ann.context.setOffline(true);
    await expect(page.getByRole('status').filter({ hasText: 'Offline' })).toBeVisible();
    await ann.type('Later, then');
    await expect(ann.message('Later, then')).toContainText('Waiting');
    await ann.message('Later, then').getByRole('button', { name: 'Message actions' }).click();
    await check('a message that waits, offline');
    await page.keyboard.press('Escape');
    await ann.context.setOffline(false);
    await expect(ann.message('Later, then')).toContainText(/Sent|Delivered|Read/);
    await ann.act('Later, then', 'Delete');
    await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
    await check('a message that is deleted');

    await page.getByRole('link', { name: 'Details' }).click();
    await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
    await check('the details of a direct chat');
    await page.getByRole('button', { name: 'Block' }).click();
    await expect(page.getByRole('dialog', { name: 'Block' })).toBeVisible();
    await check('a question');
    await page.keyboard.press('Escape');

    await page.goto(`/chats/${group.id}/details`);
    await expect(page.getByRole('complementary', { name: 'Details' })).toContainText('Ben Ngô');
    await check('the details of a group');

    await page.goto('/settings');
    await expect(page.getByRole('heading', { name: 'Devices' })).toBeVisible();
    await check('the settings');
    await page.goto('/invites/some-code');
    await expect(page.getByRole('button', { name: 'Join' })).toBeVisible();
    await check('an invite');

    // Nothing is wider than the screen.
    if (isPhone) {
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBeLessThanOrEqual(phone.viewport.width);
    }
    await ann.context.close();
  });
}

test('menus lie within a small screen', async ({ person, account }) => {
  const ann = await person('ann', 'Ann', phone);
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  const long = 'words that fill the width of a screen that is small, and more than that';
  await ann.send(chat.id, `first ${long}`);
  for (const who of [ann, ben]) await who.send(chat.id, `${who.username} ${long}`);
  for (let index = 0; index < 9; index += 1) await ben.send(chat.id, `more ${index} ${long}`);
  await ann.send(chat.id, `last ${long}`);
  await ann.openChat('Ben');
  for (const text of ['last', 'more 8', 'first', ben.username]) {
    const message = ann.message(text).first();
    await expect
      .poll(async () => {
        if ((await message.count()) === 0) await ann.log.evaluate((log) => log.scrollBy(0, -300));
        return message.count();
      })
      .toBe(1);
    await message.getByRole('button', { name: 'Message actions' }).click();
    for (const item of await ann.page.getByRole('menuitem').all()) {
      await expect(item).toBeInViewport({ ratio: 1 });
    }
    await ann.page.getByRole('menuitem', { name: 'React' }).click();
    for (const emoji of ['👍', '🙏', '👎']) {
      const choice = ann.page.getByRole('button', { name: emoji, exact: true });
      await expect(choice).toBeInViewport({ ratio: 1 });
    }
    await ann.page.keyboard.press('Escape');
  }
});

test('everything can be done by keyboard', async ({ person, account }) => {
  const ben = await account('ben', 'Ben');
  const ann = await person('ann', 'Ann');
  const { page } = ann;
  const press = (key: string) => page.keyboard.press(key);
  const focused = () =>
    page.evaluate(
      () =>
        document.activeElement?.getAttribute('aria-label') ??
        document.activeElement?.textContent?.trim(),
    );

  await press('Tab');
  expect(await focused()).toBe('Skip to the conversation');
  await page.getByRole('button', { name: 'New chat' }).focus();
  await press('Enter');
  await expect(page.getByRole('dialog', { name: 'New chat' })).toBeVisible();
  await press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await focused()).toBe('New chat');
  await press('Enter');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Username' }).focus();
  await page.keyboard.type(ben.username);
  await press('Enter');
  await expect(ann.composer).toBeFocused();

  await page.keyboard.type('first line');
  await press('Shift+Enter');
  await page.keyboard.type('second line');
  await press('Enter');
  await expect(ann.message('first line')).toContainText('second line');
  await expect(ann.message('first line')).toContainText(/Sent|Delivered|Read/);
  await expect(ann.composer).toBeFocused();

  const actions = ann.message('first line').getByRole('button', { name: 'Message actions' });
  await actions.focus();
  await press('Enter');
  const items = page.getByRole('menuitem');
  await expect(items.first()).toBeFocused();
  await press('ArrowDown');
  await expect(items.nth(1)).toBeFocused();
  await press('End');
  await expect(items.last()).toBeFocused();
  await press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(actions).toBeFocused();
  await press('Enter');
  await page.getByRole('menuitem', { name: 'Edit' }).focus();
  await press('Enter');
  await expect(ann.composer).toBeFocused();
  await press('End');
  await page.keyboard.type(', edited');
  await press('Enter');
  await expect(ann.message('first line')).toContainText('edited');
});

test('what comes live is told to who listens', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ben.send(chat.id, 'hello there');
  await expect(
    ann.page.locator('[aria-live=polite]').filter({ hasText: 'Ben: hello there' }),
  ).toHaveCount(1);
});

test('motion is reduced for who wants that', async ({ person }) => {
  const ann = await person('ann', 'Ann', { reducedMotion: 'reduce' });
  const duration = await ann.page.getByRole('button', { name: 'New chat' }).evaluate((button) => {
    return parseFloat(getComputedStyle(button).transitionDuration);
  });
  expect(duration).toBeLessThan(0.001);
});
