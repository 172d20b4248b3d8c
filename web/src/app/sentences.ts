import { t } from '../i18n/i18n.svelte';
import type { Key } from '../i18n/en';
import type { Preview, SystemEvent } from '../model/types';
import type { People } from './people.svelte';

const sentences: Record<string, Key> = {
  group_created: 'sys.created',
  members_added: 'sys.added',
  member_joined: 'sys.joined',
  member_left: 'sys.left',
  member_removed: 'sys.removed',
  title_changed: 'sys.title',
  role_changed: 'sys.role',
  owner_changed: 'sys.owner',
};

/** What happened to a group, as a sentence. A preview that the server made does not say what. */
export function systemSentence(
  people: People,
  actorId: string,
  event: SystemEvent | undefined,
): string {
  const name = (userId: string) =>
    userId === people.ownId ? t('chat.you') : people.nameOf(userId);
  return t((event && sentences[event.event]) ?? 'sys.other', {
    actor: name(event?.actorId ?? actorId),
    users: (event?.userIds ?? []).map(name).join(', '),
    title: event?.title ?? '',
    role: event?.role ? t(`role.${event.role}`) : '',
    owner: event?.newOwnerId ? name(event.newOwnerId) : '',
  });
}

/** The same for the line below a title in the list. */
export function previewSentence(people: People, preview: Preview): string {
  const { senderId, seq, systemEvent } = preview;
  // Every group begins so.
  const first = { event: 'group_created', actorId: senderId };
  return systemSentence(people, senderId, systemEvent ?? (seq === 1 ? first : undefined));
}
