import { expect, test, type Account } from './support';
import { tappedScene } from './tapped';

const packetOf = (event: string, payload: unknown) => `42${JSON.stringify([event, payload])}`;

const huge = 'x'.repeat(300_000);
const odd = [true, -1, 0.5, 1e300, [], [null], [1], {}, { a: [{}] }];

/** The same thing again and again, each time with one field that is something else. */
function* spoilt(good: Record<string, unknown>): Generator<Record<string, unknown>> {
  for (const name of Object.keys(good)) {
    for (const value of odd) yield { ...good, [name]: value };
  }
}

async function events(ben: Account, chatId: string): Promise<Record<string, object>> {
  const { data } = await ben.request('GET', `/v1/chats/${chatId}/messages?limit=1`);
  const chat = await ben.request('GET', `/v1/chats/${chatId}`);
  const message = {
    ...data[0],
    type: 'system',
    editedAt: data[0].createdAt,
    reactions: [{ emoji: '👍', count: 1, recentUserIds: [ben.id] }],
    replyTo: { messageId: data[0].id, seq: 1, senderId: ben.id, preview: 'of it' },
    mentions: [ben.id],
    forwardedFrom: { senderId: ben.id, createdAt: data[0].createdAt },
    systemEvent: { event: 'title_changed', actorId: ben.id, title: 'A title', userIds: [ben.id] },
    isPinned: true,
    editVersion: 1,
    prevRev: 80,
    seq: 90,
    rev: 90,
    id: '00000000-0000-4000-8000-000000000001',
  };
  return {
    new_message: message,
    message_updated: { ...message, type: 'text' },
    message_deleted: { ...message, isDeleted: true },
    message_read: { chatId, userId: ben.id, seq: 1 },
    message_delivered: { chatId, userId: ben.id, seq: 1 },
    typing_start: { chatId, userId: ben.id, ttlMs: 10 },
    presence_update: { userId: ben.id, state: 'away', lastSeenAt: data[0].createdAt },
    chat_state_updated: { chatId, state: chat.state, unreadCount: 0 },
    read_state: { chatId, lastReadSeq: 1, unreadCount: 0 },
    chat_added: { chatId, chat },
    message_hidden: { chatId, messageId: 'x' },
    bus_degraded: { reason: 'x' },
    session_ready: { userId: ben.id, cursor: 'x' },
    settings_updated: { a: 1 },
    __defineGetter__: { chatId },
    constructor: { chatId },
  };
}

test('events of which one field makes no sense break nothing', async ({ server, browser }) => {
  const { ann, ben, chat } = await tappedScene(server, browser);
  await ann.signIn();
  await ann.openChat('Ben');
  await expect(ann.message('the message')).toHaveCount(1);

  for (const [event, good] of Object.entries(await events(ben, chat.id))) {
    const packets = [packetOf(event, null), packetOf(event, { chatId: chat.id })];
    if (event.startsWith('message')) packets.push(packetOf(event, { ...good, content: huge }));
    for (const bad of spoilt(good as Record<string, unknown>)) packets.push(packetOf(event, bad));
    const parts = ['message', 'chat', 'state', 'systemEvent', 'replyTo', 'reactions'];
    for (const part of parts.filter((name) => name in good)) {
      const inner = (good as Record<string, unknown>)[part];
      const one = Array.isArray(inner) ? inner[0] : inner;
      for (const bad of spoilt(one)) {
        packets.push(packetOf(event, { ...good, [part]: Array.isArray(inner) ? [bad] : bad }));
      }
    }
    await ann.say(...packets);
  }
  await ben.send(chat.id, 'still here');
  await expect(ann.message('still here')).toHaveCount(1);
  await ann.type('and heard');
  await expect(ann.message('and heard')).toContainText(/Sent|Delivered|Read/);
  expect(ann.broken).toEqual([]);

  // What was taken in must not be in the way of the next start, which asks for the truth.
  await ann.page.reload();
  await expect(ann.chatLink(/^Ben/)).toBeVisible();
  await expect(ann.message('the message')).toHaveCount(1);
  await expect(ann.message('still here')).toHaveCount(1);
  await expect(ann.message('and heard')).toHaveCount(1);
  expect(ann.broken).toEqual([]);
  await ann.context.close();
});

test('a change that never comes is not asked for without end', async ({ server, browser }) => {
  const { ann, ben, chat } = await tappedScene(server, browser);
  await ann.signIn();
  await ann.openChat('Ben');
  await expect(ann.message('the message')).toHaveCount(1);
  let asked = 0;
  ann.page.on('request', (request) => (asked += request.url().includes('/changes?') ? 1 : 0));
  const { new_message: message } = await events(ben, chat.id);
  await ann.say(packetOf('new_message', { ...message, type: 'text', prevRev: 89 }));
  await expect.poll(() => asked).toBe(5);
  await ben.send(chat.id, 'the next');
  await expect(ann.message('the next')).toHaveCount(1);
  expect(asked).toBeLessThan(12);
  await ann.context.close();
});

const acks = {
  'no ack': '',
  'an ack of nothing': '[]',
  'an ack of a text': '["ok"]',
  'an ack without a receipt': '[{"ok":true}]',
  'a receipt of the wrong types':
    '[{"ok":true,"messageId":5,"seq":"x","rev":{},"createdAt":"soon"}]',
  'a receipt with absurd numbers':
    '[{"ok":true,"messageId":"x","seq":1e300,"rev":-1,"createdAt":"soon"}]',
  'an error of another shape': '[{"ok":false,"error":["no"]}]',
  'an error with garbage in it':
    '[{"ok":false,"error":{"code":"overloaded","retryable":true,"retryAfterMs":-1e300}}]',
};

for (const [what, ack] of Object.entries(acks)) {
  test(`a message that gets ${what} waits, and is sent once`, async ({ server, browser }) => {
    const { ann, ben, chat } = await tappedScene(server, browser);
    await ann.signIn();
    await ann.openChat('Ben');
    await expect(ann.message('the message')).toHaveCount(1);
    await ann.spoilAcks(ack);
    await ann.type('mine');
    await expect.poll(() => ann.spoilt()).toBeGreaterThan(0);
    await expect(ann.message('mine')).toContainText('Waiting');
    await ann.page.reload();
    await expect(ann.message('mine')).toContainText('Waiting');
    expect(ann.broken).toEqual([]);

    await ann.letThrough();
    await ann.page.reload();
    await expect(ann.message('mine')).toContainText(/Sent|Delivered|Read/);
    await expect(ann.message('mine')).toHaveCount(1);
    const { data } = await ben.request('GET', `/v1/chats/${chat.id}/messages?limit=50`);
    expect(data.filter((each: { content: string }) => each.content === 'mine')).toHaveLength(1);
    expect(ann.broken).toEqual([]);
    await ann.context.close();
  });
}
