import type { Message } from './types';

export type Tick = 'waiting' | 'refused' | 'sent' | 'delivered' | 'read';

/** How far somebody else has come in a chat. */
export interface Watermark {
  deliveredSeq: number;
  readSeq: number;
}

/**
 * What became of an own message: the lowest among the others. While the watermark of one of
 * `othersCount` is not known, it is merely sent.
 */
export function tickOf(
  message: Pick<Message, 'seq'>,
  watermarks: readonly Watermark[],
  othersCount: number,
): Tick {
  if (othersCount < 1 || watermarks.length < othersCount) return 'sent';
  if (watermarks.every((each) => each.readSeq >= message.seq)) return 'read';
  const isDelivered = (each: Watermark) =>
    each.deliveredSeq >= message.seq || each.readSeq >= message.seq;
  return watermarks.every(isDelivered) ? 'delivered' : 'sent';
}

/** Watermarks only rise, and what is read is delivered. */
export function raised(known: Watermark | undefined, next: Partial<Watermark>): Watermark {
  const readSeq = Math.max(known?.readSeq ?? 0, next.readSeq ?? 0);
  const deliveredSeq = Math.max(known?.deliveredSeq ?? 0, next.deliveredSeq ?? 0, readSeq);
  return { deliveredSeq, readSeq };
}
