import { expect, test, type Person } from './support';

async function pair(person: (stem: string, name: string) => Promise<Person>) {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ben.openChat('Ann');
  return { ann, ben, chat };
}

test('ticks go from sent to delivered to read', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.type('are you there?');
  await expect(ann.message('are you there?')).toContainText('Sent');
  await ben.request('POST', `/v1/chats/${chat.id}/delivered`, { seq: 1 });
  await expect(ann.message('are you there?')).toContainText('Delivered');
  await ben.request('POST', `/v1/chats/${chat.id}/read`, { seq: 1 });
  await expect(ann.message('are you there?')).toContainText('Read');
  // Known after a reload too.
  await ann.page.reload();
  await expect(ann.message('are you there?')).toContainText('Read');
});

test('who looks at a chat reads it, on all devices', async ({ person, browser }) => {
  const { ann, ben } = await pair(person);
  const { Person: Someone } = await import('./support');
  const second = await new Someone(ben.server, ben.username).open(browser);
  await second.signIn();
  await ann.type('hello');
  await expect(ann.message('hello')).toContainText('Read');
  await expect(second.chatLink(/^Ann/)).toContainText('hello');
  await expect(second.chatLink(/unread/)).toHaveCount(0);
  await second.context.close();
});

test('an edit and a delete reach the other side', async ({ person }) => {
  const { ann, ben } = await pair(person);
  await ann.type('first version');
  await expect(ben.message('first version')).toHaveCount(1);
  await ann.act('first version', 'Edit');
  await expect(ann.composer).toHaveValue('first version');
  await ann.type('second version');
  await expect(ben.message('second version')).toContainText('edited');
  await expect(ben.message('first version')).toHaveCount(0);
  await expect(ben.chatLink(/^Ann/)).toContainText('second version');

  await ann.act('second version', 'Delete');
  await expect(ben.message('This message was deleted')).toHaveCount(1);
  await expect(ben.message('second version')).toHaveCount(0);
  await expect(ann.message('This message was deleted')).toHaveCount(1);
  await expect(ben.chatLink(/^Ann/)).toContainText('deleted');
  // Others' messages are not mine to edit.
  await ben.type('from Ben');
  await ann.message('from Ben').getByRole('button', { name: 'Message actions' }).click();
  await expect(ann.page.getByRole('menuitem', { name: 'Reply' })).toBeVisible();
  await expect(ann.page.getByRole('menuitem', { name: 'Edit' })).toHaveCount(0);
});

test('a reply quotes, and leads to what it quotes', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  const asked = await ben.send(chat.id, 'the old question');
  for (let index = 0; index < 150; index += 1) await ben.send(chat.id, `in between ${index}`);
  await ann.openChat('Ben');
  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await ann.send(chat.id, 'the answer', { replyToMessageId: asked.messageId });
  const quote = ann.message('the answer').getByRole('button', { name: 'the old question' });
  await expect(quote).toContainText('Ben');
  await quote.click();
  await expect(ann.message('the old question').first()).toBeInViewport();

  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await ann.act('in between 149', 'Reply');
  await expect(ann.page.getByText('Reply to Ben')).toBeVisible();
  await ann.type('replied here');
  await expect(ann.message('replied here')).toContainText('in between 149');
});

test('reactions come and go', async ({ person }) => {
  const { ann, ben } = await pair(person);
  await ann.type('we won!');
  await ben.act('we won!', 'React');
  await ben.page.getByRole('button', { name: '🎉' }).click();
  const onAnn = ann.message('we won!').getByRole('button', { name: '🎉' });
  await expect(onAnn).toHaveText('🎉 1');
  await expect(onAnn).toHaveAttribute('aria-pressed', 'false');
  await onAnn.click();
  await expect(ben.message('we won!').getByRole('button', { name: '🎉 2' })).toBeVisible();
  await expect(onAnn).toHaveAttribute('aria-pressed', 'true');
  await onAnn.click();
  await expect(ben.message('we won!').getByRole('button', { name: '🎉 1' })).toBeVisible();
  await ben.message('we won!').getByRole('button', { name: '🎉 1' }).click();
  await expect(ann.message('we won!').getByRole('button', { name: '🎉' })).toHaveCount(0);
});

test('a pin stands above the messages, for both', async ({ person }) => {
  const { ann, ben } = await pair(person);
  await ann.type('the address is Elm Street 4');
  await ann.act('Elm Street', 'Pin');
  const pinned = ben.page.getByRole('button', { name: 'Pinned message' });
  await expect(pinned).toContainText('Elm Street 4');
  await pinned.click();
  await expect(ben.message('Elm Street')).toBeInViewport();
  await ben.act('Elm Street', 'Unpin');
  await expect(ann.page.getByRole('button', { name: 'Pinned message' })).toHaveCount(0);
});

test('typing is seen, and ends', async ({ person }) => {
  const { ann, ben } = await pair(person);
  const typing = ben.page.getByRole('status').filter({ hasText: 'Ann is typing' });
  await ann.composer.pressSequentially('hel');
  await expect(typing).toBeVisible();
  await expect(ben.chatLink(/^Ann/)).toContainText('typing');
  await ann.type('hello');
  await expect(ben.message('hello')).toHaveCount(1);
  await expect(typing).toHaveCount(0);
  await ann.composer.pressSequentially('x');
  await expect(typing).toBeVisible();
  await ann.composer.fill('');
  await expect(typing).toHaveCount(0);
});

test('presence tells who is there', async ({ person }) => {
  const { ann, ben } = await pair(person);
  await expect(ann.page.getByRole('main').getByText('online')).toBeVisible();
  await ben.page.close();
  await expect(ann.page.getByRole('main').getByText('last seen')).toBeVisible({ timeout: 45_000 });
});

test('a draft follows the user', async ({ person, browser }) => {
  const { ann } = await pair(person);
  await ann.composer.fill('half a thought');
  const { Person: Someone } = await import('./support');
  const second = await new Someone(ann.server, ann.username).open(browser);
  await second.signIn();
  await expect(second.chatLink(/^Ben/)).toContainText('half a thought');
  await second.openChat('Ben');
  await expect(second.composer).toHaveValue('half a thought');
  await second.type('half a thought, finished');
  await expect(ann.message('finished')).toHaveCount(1);
  // And over a reload without any network between.
  await second.composer.fill('another one');
  await second.page.reload();
  await expect(second.composer).toHaveValue('another one');
  await second.context.close();
});

test('what is hidden is hidden from oneself alone', async ({ person }) => {
  const { ann, ben } = await pair(person);
  await ben.type('not so funny');
  await ann.act('not so funny', 'Hide for me');
  await expect(ann.message('not so funny')).toHaveCount(0);
  await expect(ben.message('not so funny')).toHaveCount(1);
  await ann.page.reload();
  await expect(ann.log).toBeVisible();
  await expect(ann.message('not so funny')).toHaveCount(0);
});

test('a message is forwarded', async ({ person, account }) => {
  const { ann, ben } = await pair(person);
  const cay = await account('cay', 'Cay');
  const other = await ann.direct(cay);
  await ann.send(other.id, 'to have a chat');
  await ben.type('spread the word');
  await ann.act('spread the word', 'Forward');
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Cay' }).click();
  await expect(ann.page.getByText('Forwarded to Cay')).toBeVisible();
  await ann.openChat('Cay');
  await expect(ann.message('spread the word')).toContainText('Forwarded');
});
