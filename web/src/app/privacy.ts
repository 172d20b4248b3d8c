import type { Key } from '../i18n/en';

export type Audience = 'everyone' | 'contacts' | 'nobody';
export type Privacy = Record<string, unknown>;

/** What a user may keep from others, and from whom. */
export const privacyChoices: { name: string; label: Key; values: Audience[] }[] = [
  { name: 'lastSeen', label: 'set.lastSeen', values: ['everyone', 'contacts', 'nobody'] },
];

/** The settings that came with one's own user; nothing where the server keeps none. */
export function privacyOf(me: object): Privacy {
  const privacy = (me as { privacy?: unknown }).privacy;
  return typeof privacy === 'object' && privacy !== null ? (privacy as Privacy) : {};
}
