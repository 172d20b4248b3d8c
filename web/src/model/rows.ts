import type { PendingMessage } from './outbox';
import type { Message } from './types';

/** One line of a conversation as it is drawn. */
export type Row =
  | { kind: 'day'; key: string; day: string }
  | { kind: 'unread'; key: string }
  | { kind: 'system'; key: string; message: Message }
  | { kind: 'message'; key: string; message: Message; startsGroup: boolean; endsGroup: boolean }
  | { kind: 'pending'; key: string; pending: PendingMessage; startsGroup: boolean };

/** Messages of one sender that follow each other this soon are drawn as one group. */
const groupGapMs = 5 * 60_000;

export interface RowsInput {
  messages: readonly Message[];
  pending: readonly PendingMessage[];
  ownId: string;
  /** The divider stands before the first message of others after this `seq`; null: no divider. */
  dividerAfterSeq: number | null;
}

/** The local day of a time, as a key: 2026-11-26. */
export function dayOf(time: string | number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A stub has no content and nothing to draw. */
function isShown(message: Message): boolean {
  return message.createdAt !== undefined && message.senderId !== undefined;
}

function joins(before: Message | undefined, message: Message): boolean {
  return (
    before !== undefined &&
    before.type !== 'system' &&
    message.type !== 'system' &&
    before.senderId === message.senderId &&
    Date.parse(message.createdAt!) - Date.parse(before.createdAt!) < groupGapMs &&
    dayOf(message.createdAt!) === dayOf(before.createdAt!)
  );
}

export function buildRows(input: RowsInput): Row[] {
  const rows: Row[] = [];
  const shown = input.messages.filter(isShown);
  let needsDivider = input.dividerAfterSeq !== null;
  const keys = new Set<string>();
  let day = '';
  const beginDay = (time: string | number) => {
    const next = dayOf(time);
    if (next === day) return false;
    day = next;
    rows.push({ kind: 'day', key: `day:${next}`, day: next });
    return true;
  };
  shown.forEach((message, index) => {
    beginDay(message.createdAt!);
    let divided = false;
    if (needsDivider && message.seq > input.dividerAfterSeq! && message.senderId !== input.ownId) {
      needsDivider = false;
      divided = true;
      rows.push({ kind: 'unread', key: 'unread' });
    }
    if (message.type === 'system') {
      rows.push({ kind: 'system', key: message.id, message });
      return;
    }
    const next = shown[index + 1];
    // An own message keeps the key that it had while it waited, so that its row stays.
    const ownKey = message.senderId === input.ownId && message.clientMessageId;
    const key = ownKey && !keys.has(ownKey) ? ownKey : message.id;
    keys.add(key);
    rows.push({
      kind: 'message',
      key,
      message,
      startsGroup: divided || !joins(shown[index - 1], message),
      endsGroup: !next || !joins(message, next),
    });
  });
  const sent = new Set(
    shown.filter((each) => each.senderId === input.ownId).map((each) => each.clientMessageId),
  );
  let follows = shown.at(-1)?.senderId === input.ownId;
  for (const pending of input.pending) {
    if (sent.has(pending.clientMessageId)) continue;
    if (beginDay(pending.createdAt)) follows = false;
    rows.push({
      kind: 'pending',
      key: pending.clientMessageId,
      pending,
      startsGroup: !follows,
    });
    follows = true;
  }
  return rows;
}
