/** What tabs of one account tell each other. */
export type TabNews =
  | { kind: 'outbox' }
  | { kind: 'token' }
  | { kind: 'signedOut' }
  | { kind: 'draft'; chatId: string; text: string }
  | { kind: 'hidden'; chatId: string; messageId: string };

export interface Tabs {
  tell(news: TabNews): void;
  close(): void;
}

export function openTabs(userId: string, onNews: (news: TabNews) => void): Tabs {
  if (typeof BroadcastChannel === 'undefined') return { tell: () => {}, close: () => {} };
  const channel = new BroadcastChannel(`knotos:${userId}`);
  channel.onmessage = (event: MessageEvent<TabNews>) => onNews(event.data);
  return { tell: (news) => channel.postMessage(news), close: () => channel.close() };
}
