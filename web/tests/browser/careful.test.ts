import { expect, test, type Account } from './support';

async function contentOf(account: Account, chatId: string): Promise<string[]> {
  const page = await account.request('GET', `/v1/chats/${chatId}/messages`);
  return page.data.map((each: { content?: string }) => each.content ?? '');
}

test('a delete can be taken back, by keyboard too', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.type('better not');
  await expect(ann.message('better not')).toContainText(/Sent|Delivered|Read/);
  let asked = 0;
  ann.page.on('request', (request) => (asked += request.method() === 'DELETE' ? 1 : 0));
  await ann.act('better not', 'Delete');
  await expect(ann.message('better not')).toHaveCount(0);
  const deleted = ann.message('This message was deleted');
  await expect(deleted.getByRole('button', { name: 'Undo' })).toBeFocused();
  await ann.page.keyboard.press('Enter');
  const actions = ann.message('better not').getByRole('button', { name: 'Message actions' });
  await expect(actions).toBeFocused();
  expect(await contentOf(ben, chat.id)).toEqual(['better not']);

  // Nobody takes the second one back.
  await ann.act('better not', 'Delete');
  await expect.poll(() => contentOf(ben, chat.id)).not.toEqual(['better not']);
  expect(asked).toBe(1);
  await expect(deleted.getByRole('button', { name: 'Undo' })).toHaveCount(0);
  await expect(deleted.getByRole('button', { name: 'Message actions' })).toBeFocused();
});

test('who deletes and leaves has deleted', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.type('gone with me');
  await expect(ann.message('gone with me')).toContainText(/Sent|Delivered|Read/);
  await ann.act('gone with me', 'Delete');
  await expect(ann.message('gone with me')).toHaveCount(0);
  await ann.page.reload();
  await expect.poll(() => contentOf(ben, chat.id)).not.toContain('gone with me');
  await expect(ann.message('This message was deleted')).toHaveCount(1);
});

test('a delete without a network is done when it is back', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.type('take it away');
  await expect(ann.message('take it away')).toContainText(/Sent|Delivered|Read/);
  await ann.context.setOffline(true);
  await ann.act('take it away', 'Delete');
  await expect(ann.page.getByRole('button', { name: 'Undo' })).toHaveCount(1);
  await expect(ann.page.getByRole('button', { name: 'Undo' })).toHaveCount(0);
  await expect(ann.message('take it away')).toHaveCount(0);
  expect(await contentOf(ben, chat.id)).toEqual(['take it away']);
  await ann.context.setOffline(false);
  await expect.poll(() => contentOf(ben, chat.id)).not.toContain('take it away');
  await expect(ann.message('This message was deleted')).toHaveCount(1);
});

test('an own reaction is known however many came after it', async ({ person, account }) => {
  const others = await Promise.all(
    ['ben', 'cay', 'dan', 'eva'].map((name) => account(name, name.toUpperCase())),
  );
  const ann = await person('ann', 'Ann');
  const group = await ann.group('Crowd', others);
  const { messageId } = await ann.send(group.id, 'we won!');
  const where = `/v1/chats/${group.id}/messages/${messageId}/reactions/${encodeURIComponent('🎉')}`;
  for (const each of [ann, ...others]) await each.request('PUT', where);
  await ann.openChat('Crowd');
  const chip = ann.message('we won!').getByRole('button', { name: '🎉' });
  await expect(chip).toHaveText('🎉 5');
  await expect(chip).toHaveAttribute('aria-pressed', 'true');
  await chip.click();
  await expect(chip).toHaveText('🎉 4');
  await expect(chip).toHaveAttribute('aria-pressed', 'false');
  await chip.click();
  await expect(chip).toHaveText('🎉 5');
  await expect(chip).toHaveAttribute('aria-pressed', 'true');
});

test('what waits can be copied and deleted, and is not lost by a sign-out in passing', async ({
  person,
  account,
}) => {
  const ann = await person('ann', 'Ann', { permissions: ['clipboard-read', 'clipboard-write'] });
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.context.setOffline(true);
  await expect(ann.page.getByRole('status').filter({ hasText: 'Offline' })).toBeVisible();
  await ann.type('second thoughts');
  await ann.type('kept');
  await expect(ann.message('second thoughts')).toContainText('Waiting');
  await ann.act('second thoughts', 'Copy text');
  expect(await ann.page.evaluate(() => navigator.clipboard.readText())).toBe('second thoughts');
  await ann.act('second thoughts', 'Delete');
  await expect(ann.message('second thoughts')).toHaveCount(0);

  await ann.page.getByRole('button', { name: 'Sign out' }).click();
  const question = ann.page.getByRole('dialog', { name: 'Sign out' });
  await expect(question).toContainText('not sent yet: 1');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await ann.context.setOffline(false);
  await expect(ann.message('kept')).toContainText(/Sent|Delivered|Read/);
  expect(await contentOf(ben, chat.id)).toEqual(['kept']);
  await ann.page.getByRole('button', { name: 'Sign out' }).click();
  await expect(ann.page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});
