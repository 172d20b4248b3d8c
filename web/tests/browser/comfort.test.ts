import { expect, test, type Person } from './support';

test('a chat is found again where it was left', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const cay = await account('cay', 'Cay');
  const chat = await ann.direct(ben);
  await ann.direct(cay);
  for (let index = 1; index <= 60; index += 1) await ann.send(chat.id, `number ${index}`);
  await ann.openChat('Ben');
  await expect(ann.message(/number 60\b/)).toBeInViewport();
  await ann.log.evaluate((log) => log.scrollTo(0, 700));
  await ann.page.evaluate(() => new Promise(requestAnimationFrame));
  const places = () =>
    ann.log
      .getByRole('article')
      .evaluateAll((all) =>
        all.map((each) => [each.textContent, Math.round(each.getBoundingClientRect().top)]),
      );
  const before = await places();
  await ann.openChat('Cay');
  await ann.openChat('Ben');
  await expect.poll(places).toEqual(before);
  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await expect(ann.message(/number 60\b/)).toBeInViewport();
  await ann.openChat('Cay');
  await ann.openChat('Ben');
  await expect(ann.message(/number 60\b/)).toBeInViewport();
});

test('the arrow up edits what was said last', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await ann.openChat('Ben');
  await ann.type('with a tpyo');
  await expect(ann.message('with a tpyo')).toContainText(/Sent|Delivered|Read/);
  await ben.send(chat.id, 'a what?');
  await expect(ann.message('a what?')).toHaveCount(1);
  await ann.composer.press('ArrowUp');
  await expect(ann.composer).toHaveValue('with a tpyo');
  await ann.type('with a typo');
  await expect(ann.message('with a typo')).toContainText('edited');
  // In a text it only moves.
  await ann.composer.fill('something else');
  await ann.composer.press('ArrowUp');
  await expect(ann.composer).toHaveValue('something else');
});

/** Notifications that the page has shown; the browser of a test has nowhere to show them. */
async function watchNotices(person: Person, answer: NotificationPermission): Promise<void> {
  await person.context.addInitScript((permission) => {
    const shown: { title: string; body: string; tag: string; click(): void }[] = [];
    class Fake {
      static permission: NotificationPermission = 'default';
      static requestPermission = async () => (Fake.permission = permission);
      onclick = () => {};
      constructor(title: string, options: NotificationOptions) {
        const { body = '', tag = '' } = options;
        shown.push({ title, body, tag, click: () => this.onclick() });
      }
      close() {}
    }
    Object.assign(window, { Notification: Fake, shown });
  }, answer);
  await person.page.reload();
}

const shown = (person: Person) =>
  person.page.evaluate(() =>
    (window as unknown as { shown: { title: string; body: string }[] }).shown.map(
      ({ title, body }) => ({ title, body }),
    ),
  );

async function lookAway(person: Person): Promise<void> {
  await person.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

test('new messages are told elsewhere to who wants it, and to nobody else', async ({
  person,
  account,
}) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const cay = await account('cay', 'Cay');
  const chat = await ann.direct(ben);
  const group = await ann.group('Crew', [ben]);
  const muted = await ann.direct(cay);
  await ann.request('PATCH', `/v1/chats/${muted.id}/state`, {
    mutedUntil: '9999-12-31T00:00:00.000Z',
  });
  await watchNotices(ann, 'granted');
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  const wish = ann.page.getByRole('checkbox', { name: 'Show new messages' });
  await expect(wish).not.toBeChecked();
  await ben.send(chat.id, 'before anybody wished it');
  await expect(ann.chatLink(/^Ben.*1 unread/)).toBeVisible();
  await wish.check();
  await ben.send(chat.id, 'while she looks');
  await expect(ann.chatLink(/^Ben.*2 unread/)).toBeVisible();

  await lookAway(ann);
  await cay.send(muted.id, 'of no interest');
  await ben.send(chat.id, 'come and see');
  await ben.send(group.id, 'all of you');
  await expect
    .poll(() => shown(ann))
    .toEqual([
      { title: 'Ben', body: 'come and see' },
      { title: 'Crew', body: 'Ben: all of you' },
    ]);
  // Chats, of which the muted one is none.
  await expect(ann.page).toHaveTitle('(2) Knotos');
  await ann.page.evaluate(() =>
    (window as unknown as { shown: { click(): void }[] }).shown[1]!.click(),
  );
  await expect(ann.page.getByRole('main').getByRole('heading', { name: 'Crew' })).toBeVisible();
});

test('a browser that refuses notifications is named as the cause', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  await watchNotices(ann, 'denied');
  await ann.page.getByRole('button', { name: 'Settings' }).click();
  const wish = ann.page.getByRole('checkbox', { name: 'Show new messages' });
  await wish.click();
  await expect(ann.page.getByRole('alert')).toContainText('does not allow');
  await expect(wish).not.toBeChecked();
});
