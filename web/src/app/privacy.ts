import type { Key } from '../i18n/en';

export const audiences = ['everyone', 'contacts', 'nobody'] as const;
export type Privacy = Record<string, unknown>;

/** What a user may keep from others, and from whom. */
export const privacyChoices: { name: string; label: Key }[] = [
  { name: 'lastSeen', label: 'set.lastSeen' },
  { name: 'directMessages', label: 'set.messagesFrom' },
  { name: 'groupInvites', label: 'set.groupsFrom' },
];

/** The settings that came with one's own user; nothing where the server keeps none. */
export function privacyOf(me: object): Privacy {
  const privacy = (me as { privacy?: unknown }).privacy;
  return typeof privacy === 'object' && privacy !== null ? (privacy as Privacy) : {};
}
