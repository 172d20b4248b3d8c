import { en } from '../../src/i18n/en';
import { vi } from '../../src/i18n/vi';
import { expect, password, Person, test, uniqueName } from './support';

test('a Vietnamese browser gets Vietnamese, all through a chat', async ({
  server,
  browser,
  account,
}) => {
  const ben = await account('ben', 'Ben');
  const ann = await new Person(server, uniqueName('ann')).open(browser, { locale: 'vi-VN' });
  const { page } = ann;
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await page.getByRole('textbox', { name: vi['auth.username'] }).fill(ann.username);
  await page.getByRole('textbox', { name: vi['auth.password'] }).fill(password);
  await page.getByRole('button', { name: vi['auth.create'] }).click();
  await page.getByRole('button', { name: vi['nav.newChat'] }).click();
  await page.getByRole('textbox', { name: vi['new.username'] }).fill(ben.username);
  await page.getByRole('button', { name: vi['new.start'] }).click();
  await expect(page.getByRole('main').getByRole('heading', { name: 'Ben' })).toBeVisible();
  const composer = page.getByRole('textbox', { name: vi['chat.message'] });
  await composer.fill('Xin chào!');
  await composer.press('Enter');
  const message = page.getByRole('log').getByRole('article').filter({ hasText: 'Xin chào!' });
  await expect(message).toContainText(
    new RegExp([vi['tick.sent'], vi['tick.delivered'], vi['tick.read']].join('|')),
  );
  await expect(page.getByRole('log')).toContainText('Hôm nay');

  // No English is left over.
  const text = await page.locator('body').innerText();
  for (const key of ['nav.newGroup', 'nav.archived', 'nav.search', 'chat.placeholder'] as const) {
    expect(text).not.toContain(en[key]);
  }
  await ann.context.close();
});

test('the language can be switched, and stays', async ({ person }) => {
  const ann = await person('ann', 'Ann');
  const { page } = ann;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('combobox', { name: en['set.language'] }).selectOption('vi');
  await expect(page.getByRole('heading', { name: vi['set.title'] })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: vi['set.title'] })).toBeVisible();
  await page.getByRole('combobox', { name: vi['set.language'] }).selectOption('en');
  await expect(page.getByRole('heading', { name: en['set.title'], exact: true })).toBeVisible();
});

test('text from right to left reads as it should', async ({ person, account }) => {
  const ann = await person('ann', 'Ann');
  const noa = await account('noa', 'נועה לוי');
  const chat = await ann.direct(noa);
  await noa.send(chat.id, 'שלום, מה שלומך?');
  await ann.openChat('נועה לוי');
  const direction = await ann
    .message('שלום')
    .locator('[dir=auto]')
    .first()
    .evaluate((element) => getComputedStyle(element).direction);
  expect(direction).toBe('rtl');
});

test('the theme is the one of the system, or the one that was chosen', async ({ person }) => {
  const ann = await person('ann', 'Ann', { colorScheme: 'dark' });
  const { page } = ann;
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  expect(await scheme()).toBe('dark');
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('combobox', { name: 'Theme' }).selectOption('light');
  expect(await scheme()).toBe('light');
  await page.reload();
  expect(await scheme()).toBe('light');
});
