import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { expect, Person, root, test, TestServer } from './support';

/** `KNOTOS_SCREENSHOTS=docs/screenshots ./dev test web screenshots` renews those of the README. */
const folder = path.resolve(root, process.env.KNOTOS_SCREENSHOTS ?? 'build/web/screenshots');
mkdirSync(folder, { recursive: true });

interface Scene {
  ann: Person;
  lena: Person;
}

async function talk(chatId: string, lines: [Person, string, object?][]): Promise<string[]> {
  const ids: string[] = [];
  for (const [who, text, more] of lines) {
    const { messageId } = await who.send(chatId, text, more);
    ids.push(messageId);
  }
  return ids;
}

async function scene(person: (name: string, shown: string) => Promise<Person>): Promise<Scene> {
  const ann = await person('ann', 'Ann Lindqvist');
  const lena = await person('lena', 'Lena Fischer');
  const minh = await person('minh', 'Trần Quang Minh');
  const noa = await person('noa', 'נועה לוי');
  const omar = await person('omar', 'Omar Haddad');
  const old = await ann.direct(omar);
  await talk(old.id, [
    [ann, 'The invoice is paid'],
    [omar, 'Received, thank you! 🙏'],
  ]);
  const hebrew = await ann.direct(noa);
  await talk(hebrew.id, [[noa, 'נתראה מחר בבוקר?']]);
  const crew = await ann.group('Climbing on Saturday', [lena, minh, omar]);
  await talk(crew.id, [
    [lena, 'Who brings the long rope?'],
    [minh, 'I have 70 m, and quickdraws'],
    [omar, 'Then I bring the coffee ☕'],
  ]);
  const vietnamese = await ann.direct(minh);
  await talk(vietnamese.id, [[minh, 'Chào Ann, tối nay mình gọi nhé?']]);
  const book = await ann.group('Book club', [lena, noa]);
  await talk(book.id, [[ann, 'Chapter 7 by Thursday, please']]);
  const direct = await ann.direct(lena);
  const ids = await talk(direct.id, [
    [lena, 'Good morning! Did the release go out last night?'],
    [ann, 'It did, at 22:40. Not a single message lost while the nodes restarted.'],
    [ann, 'The notes are at https://example.org/releases/1.0'],
    [
      lena,
      'I watched it from the train: three tunnels, and everything was there at the other end.',
    ],
    [lena, 'Even what I typed underground 🚇'],
  ]);
  await talk(direct.id, [
    [ann, 'That is the whole idea 😄', { replyToMessageId: ids[4] }],
    [lena, 'Lunch at one? The place by the river has tables outside again.'],
    [ann, 'One is perfect'],
  ]);
  await lena.request('PUT', react(direct.id, ids[1]!, '🎉'));
  await ann.request('PUT', react(direct.id, ids[4]!, '😂'));
  await lena.request('PUT', react(direct.id, ids[4]!, '😂'));
  await ann.request('PATCH', `/v1/chats/${crew.id}/state`, { isPinned: true });
  await lena.request('POST', `/v1/chats/${direct.id}/read`, { seq: 8 });
  return { ann, lena };
}

function react(chatId: string, messageId: string, emoji: string): string {
  return `/v1/chats/${chatId}/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`;
}

test('pictures for the README', async ({ browser }) => {
  // A server where nobody has these names yet.
  const server = await TestServer.make();
  const { ann, lena } = await scene((name, shown) => new Person(server, name).register(shown));
  await lena.open(browser);
  await lena.signIn();
  const desktop = { viewport: { width: 1180, height: 760 }, deviceScaleFactor: 1.5 };
  const shoot = async (name: string) => {
    await ann.page.mouse.move(0, 0);
    await ann.page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' });
  };
  const openLena = async () => {
    await ann.openChat('Lena Fischer');
    await expect(ann.message('One is perfect')).toBeInViewport();
    await expect(ann.page.getByRole('main').getByText('online')).toBeVisible();
    await ann.page.evaluate(() => document.fonts.ready.then(() => true));
  };

  await ann.open(browser, desktop);
  await ann.signIn();
  await expect(ann.chatLink(/^Omar Haddad/)).toBeVisible();
  await shoot('list');
  await openLena();
  await shoot('conversation');
  await ann.context.close();

  await ann.open(browser, { ...desktop, colorScheme: 'dark' });
  await ann.signIn();
  await openLena();
  await ann.message('Even what I typed').first().hover();
  await shoot('dark');
  await ann.context.close();

  await ann.open(browser, {
    viewport: { width: 390, height: 780 },
    deviceScaleFactor: 1.5,
    hasTouch: true,
    isMobile: true,
  });
  await ann.signIn();
  await openLena();
  await shoot('phone');
  for (const { context } of [ann, lena]) await context.close();
  await server.remove();
});
