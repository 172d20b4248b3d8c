import { expect, password, Person, test, uniqueName } from './support';

test('two people make accounts, find each other and chat', async ({ server, browser }) => {
  const ann = await new Person(server, uniqueName('ann')).open(browser);
  const ben = await new Person(server, uniqueName('ben')).open(browser);
  for (const person of [ann, ben]) {
    await person.page.getByRole('textbox', { name: 'Username' }).fill(person.username);
    await person.page.getByRole('textbox', { name: 'Password' }).fill(password);
    await person.page.getByRole('button', { name: 'Create account' }).click();
    await expect(person.page.getByRole('navigation', { name: 'Chats' })).toBeVisible();
  }

  await ann.page.getByRole('button', { name: 'New chat' }).click();
  const dialog = ann.page.getByRole('dialog', { name: 'New chat' });
  await dialog.getByRole('textbox', { name: 'Username' }).fill(ben.username);
  await dialog.getByRole('button', { name: 'Start chat' }).click();
  await expect(
    ann.page.getByRole('main').getByRole('heading', { name: ben.username }),
  ).toBeVisible();

  await ann.type('Hello, Ben!');
  await expect(ann.message('Hello, Ben!')).toContainText(/Sent|Delivered|Read/);
  await expect(ben.chatLink(new RegExp(`^${ann.username}.*1 unread`))).toBeVisible();
  await ben.openChat(ann.username);
  await expect(ben.message('Hello, Ben!')).toHaveCount(1);
  await ben.composer.fill('Hello,\nAnn!');
  await ben.page.getByRole('button', { name: 'Send' }).click();
  await expect(ann.message('Ann!')).toHaveCount(1);
});
