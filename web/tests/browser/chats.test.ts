import { expect, test, type Person } from './support';

async function details(person: Person, title: string) {
  await person.openChat(title);
  await person.page.getByRole('link', { name: 'Details' }).click();
  const panel = person.page.getByRole('complementary', { name: 'Details' });
  await expect(panel).toBeVisible();
  return panel;
}

test('a group is made, and everybody in it hears everybody', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  const cay = await person('cay', 'Cay');
  await ann.page.getByRole('button', { name: 'New group' }).click();
  const dialog = ann.page.getByRole('dialog', { name: 'New group' });
  await dialog.getByRole('textbox', { name: 'Title' }).fill('Climbing');
  await dialog.getByRole('textbox', { name: 'Members' }).fill(`${ben.username}, nobody.at.all`);
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(dialog.getByRole('alert')).toContainText('nobody.at.all');
  await dialog
    .getByRole('textbox', { name: 'Members' })
    .fill(`${ben.username}, @${cay.username.toUpperCase()}`);
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(ann.page.getByRole('main').getByRole('heading', { name: 'Climbing' })).toBeVisible();
  await expect(ann.log).toContainText('You created the group');
  await ann.type('hello all');
  for (const other of [ben, cay]) {
    await expect(other.chatLink(/^Climbing.*1 unread/)).toBeVisible();
    await other.openChat('Climbing');
    await expect(other.log).toContainText('Ann created the group');
    await expect(other.message('hello all')).toContainText('Ann');
  }
});

test('the list finds, pins, mutes, archives and marks', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Bến Thành');
  const cay = await account('cay', 'Cay');
  const first = await ann.direct(ben);
  const second = await ann.direct(cay);
  await ben.send(first.id, 'one');
  await cay.send(second.id, 'two');
  const links = ann.page
    .getByRole('navigation', { name: 'Chats' })
    .getByRole('link')
    .filter({ hasNotText: 'Saved messages' });
  await expect(links).toHaveText([/^\s*C\s*Cay/, /Bến Thành/]);

  await ann.page.getByRole('searchbox', { name: 'Search by name' }).fill('ben th');
  await expect(links).toHaveText([/Bến Thành/]);
  await ann.page.getByRole('searchbox').fill('nobody');
  await expect(ann.page.getByText('No chat has that name.')).toBeVisible();
  await ann.page.getByRole('searchbox').fill('');

  const panel = await details(ann, 'Bến Thành');
  await panel.getByRole('button', { name: 'Pin to the top' }).click();
  await expect(links).toHaveText([/Bến Thành/, /Cay/]);
  await expect(ann.chatLink(/^Bến Thành.*pinned/)).toBeVisible();
  await panel.getByRole('button', { name: 'Always' }).click();
  await expect(ann.chatLink(/^Bến Thành.*muted/)).toBeVisible();
  await panel.getByRole('button', { name: 'Unmute' }).click();
  await expect(panel.getByRole('button', { name: 'Always' })).toBeVisible();
  await panel.getByRole('button', { name: 'Archive' }).click();
  await expect(links).toHaveText([/Cay/]);
  await ann.page.getByRole('button', { name: 'Archived' }).click();
  await expect(links).toHaveText([/Bến Thành/]);
  await ben.send(first.id, 'back again');
  await ann.page.getByRole('button', { name: 'All', exact: true }).click();
  await expect(links).toHaveText([/Bến Thành/, /Cay/]);
  await panel.getByRole('button', { name: 'Mark as unread' }).click();
  await expect(ann.chatLink(/^Bến Thành.*marked as unread/)).toBeVisible();
  await ann.page.getByRole('button', { name: 'Unread' }).click();
  await expect(ann.chatLink(/^Bến Thành/)).toBeVisible();
});

test('members come, rise and go', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  const cay = await account('cay', 'Cay');
  await ann.group('Crew', [ben]);
  const panel = await details(ann, 'Crew');
  await expect(panel.getByRole('listitem')).toHaveCount(2);
  await panel.getByRole('textbox', { name: 'Add members' }).fill(cay.username);
  await panel.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(panel.getByRole('listitem')).toHaveCount(3);
  await expect(ann.log).toContainText('You added Cay');

  const ofBen = panel.getByRole('group', { name: 'Manage Ben' });
  await ofBen.getByRole('button', { name: 'Make admin' }).click();
  await expect(ann.log).toContainText('You made Ben admin');
  await panel
    .getByRole('group', { name: 'Manage Cay' })
    .getByRole('button', { name: 'Remove' })
    .click();
  await expect(ann.log).toContainText('You removed Cay');
  await expect(panel.getByRole('listitem')).toHaveCount(2);

  await panel.getByRole('textbox', { name: 'Group name' }).fill('The new crew');
  await panel.getByRole('button', { name: 'Save name' }).click();
  await expect(ben.chatLink(/^The new crew/)).toBeVisible();
  await expect(ann.log).toContainText('changed the title to “The new crew”');

  await ben.openChat('The new crew');
  await ben.page.getByRole('link', { name: 'Details' }).click();
  await ben.page.getByRole('button', { name: 'Leave group' }).click();
  await ben.page.getByRole('dialog').getByRole('button', { name: 'Leave group' }).click();
  await expect(ben.chatLink(/^The new crew/)).toHaveCount(0);
  await expect(ann.log).toContainText('Ben left');
});

test('who is removed loses the chat at once', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  const group = await ann.group('Secret', [ben]);
  await ben.openChat('Secret');
  await ann.request('DELETE', `/v1/chats/${group.id}/members/${ben.id}`);
  await expect(ben.chatLink(/^Secret/)).toHaveCount(0);
  await expect(ben.page.getByRole('main')).toContainText('no longer in it');
});

test('an invite link brings somebody in', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  await ann.group('Open house', []);
  const panel = await details(ann, 'Open house');
  await panel.getByRole('button', { name: 'Create invite link' }).click();
  const link = await panel.locator('code').innerText();
  await ben.page.goto(link);
  await ben.page.getByRole('button', { name: 'Join' }).click();
  await expect(
    ben.page.getByRole('main').getByRole('heading', { name: 'Open house' }),
  ).toBeVisible();
  await expect(ann.log).toContainText('Ben joined');
  await panel.getByRole('button', { name: 'Revoke' }).click();
  await expect(panel).toContainText('There are no invite links.');
});

test('a blocked person cannot write, and can be let back in', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  await ann.direct(ben);
  const panel = await details(ann, 'Ben');
  await panel.getByRole('button', { name: 'Block' }).click();
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await ben.openChat('Ann');
  await ben.type('please read this');
  await expect(ben.message('please read this')).toContainText(
    'Not sent: You cannot write to this person.',
  );
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  const blocked = ann.page.getByRole('region', { name: 'Blocked people' });
  await blocked.getByRole('button', { name: 'Unblock' }).click();
  await expect(blocked).toContainText('Nobody is blocked.');
  await ben.message('please read this').getByRole('button', { name: 'Try again' }).click();
  await expect(ben.message('please read this')).toContainText(/Sent|Delivered|Read/);
});

test('a profile and who may see it', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const ben = await person('ben', 'Ben');
  await ann.direct(ben);
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  await ann.page.getByRole('textbox', { name: 'Display name' }).fill('Ann Lindqvist');
  await ann.page.getByRole('button', { name: 'Save profile' }).click();
  await expect(ann.page.getByText('Saved', { exact: true })).toBeVisible();
  await ben.page.reload();
  await expect(ben.chatLink(/^Ann Lindqvist/)).toBeVisible();
  const seen = ann.page.getByRole('combobox', { name: 'Who may see when I was last seen' });
  await seen.selectOption('nobody');
  await ann.page.reload();
  await expect(seen).toHaveValue('nobody');
});
