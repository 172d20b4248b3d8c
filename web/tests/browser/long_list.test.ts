import { expect, test, type Account, type Person } from './support';

const count = 10_000;

/** As fast as the server takes them; their order is theirs. */
async function fill(sender: Account, chatId: string, total: number): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < total) {
      next += 1;
      await sender.send(chatId, `number ${next} ${'word '.repeat(next % 23)}`);
    }
  };
  await Promise.all(Array.from({ length: 48 }, work));
}

const seqOf = (text: string) => Number(/number (\d+)/.exec(text)?.[1]);

/** What is in view, and where: the first article of the log that is. */
function firstInView(person: Person) {
  return person.log.evaluate((log) => {
    const top = log.getBoundingClientRect().top;
    for (const article of log.querySelectorAll('article')) {
      const box = article.getBoundingClientRect();
      if (box.bottom > top + 4) return { text: article.textContent!, y: box.top - top };
    }
    return null;
  });
}

test('ten thousand messages scroll, a window at a time', async ({ person, account }) => {
  test.setTimeout(180_000);
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await fill(ann, chat.id, count);
  await ann.openChat('Ben');
  await expect(ann.log.getByRole('article').last()).toBeVisible();

  // Upward until the beginning, a page at a time; there are never more rows than fill some screens.
  const beginning = await ann.request('GET', `/v1/chats/${chat.id}/messages?afterSeq=0&limit=1`);
  const first = ann.message(beginning.data[0].content.trim());
  await expect
    .poll(
      async () => {
        const drawn = await ann.log.evaluate((log) => {
          log.scrollTo(0, Math.max(0, log.scrollTop - 8_000));
          return log.querySelectorAll('article').length;
        });
        expect(drawn).toBeLessThan(150);
        return first.count();
      },
      { timeout: 120_000, intervals: [10] },
    )
    .toBe(1);
  expect(await ann.log.evaluate((log) => log.scrollHeight)).toBeGreaterThan(count * 25);

  // And back to the end, in one step.
  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await ann.type('the very last');
  await expect(ann.message('the very last')).toBeVisible();
});

test('history loads upward without a jump', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  await fill(ann, chat.id, 300);
  await ann.openChat('Ben');
  await expect(ann.log.getByRole('article').last()).toBeVisible();

  // The answer is held back, so that the view stands still before it comes.
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await ann.page.route('**/messages?**beforeSeq**', async (route) => {
    await released;
    await route.continue();
  });
  const asked = ann.page.waitForRequest((request) => request.url().includes('beforeSeq'));
  await ann.log.evaluate((log) => log.scrollTo(0, 300));
  await asked;
  await ann.page.evaluate(() => new Promise(requestAnimationFrame));
  const before = (await firstInView(ann))!;
  const height = await ann.log.evaluate((log) => log.scrollHeight);
  release();
  await expect.poll(() => ann.log.evaluate((log) => log.scrollHeight)).toBeGreaterThan(height);
  await ann.page.evaluate(() => new Promise(requestAnimationFrame));
  const after = (await firstInView(ann))!;
  expect(seqOf(after.text)).toBe(seqOf(before.text));
  expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(2);
});

test('a chat opens at the first unread message, below a divider', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  for (let index = 1; index <= 80; index += 1) await ben.send(chat.id, `number ${index}`);
  await expect(ann.chatLink(/^Ben.*80 unread/)).toBeVisible();
  await ann.openChat('Ben');
  await expect(ann.log.getByText('New messages')).toBeInViewport();
  await expect(ann.message(/number 1\b/)).toBeInViewport();
  await expect(ann.page.getByRole('button', { name: 'Jump to the latest message' })).toBeVisible();
  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await expect(ann.message(/number 80\b/)).toBeInViewport();
  await expect(ann.chatLink(/unread/)).toHaveCount(0);
});

test('who reads old messages is not moved by new ones', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const ben = await account('ben', 'Ben');
  const chat = await ann.direct(ben);
  for (let index = 1; index <= 60; index += 1) await ann.send(chat.id, `number ${index}`);
  await ann.openChat('Ben');
  await expect(ann.message(/number 60\b/)).toBeInViewport();
  await ann.log.evaluate((log) => log.scrollTo(0, 500));
  await ann.page.evaluate(() => new Promise(requestAnimationFrame));
  const before = (await firstInView(ann))!;
  await ben.send(chat.id, 'news');
  await expect(ann.chatLink(/^Ben.*news/)).toBeVisible();
  await ann.page.evaluate(() => new Promise(requestAnimationFrame));
  const after = (await firstInView(ann))!;
  expect(after).toEqual(before);
  await ann.page.getByRole('button', { name: 'Jump to the latest message' }).click();
  await expect(ann.message('news')).toBeInViewport();
});
