// Who may do what in a group, and what becomes of it. Each deed answers a refusal, `{}` where it
// stands so already, or `{message}`, the one system message that it writes.

import { keptAway, refusal } from './rules.mjs';

const notFound = refusal('not-found');
const forbidden = refusal('forbidden');
const rank = { owner: 2, admin: 1, member: 0 };

function write(chat, actor, event) {
  return {
    message: chat.write({
      senderId: actor.id,
      type: 'system',
      content: '',
      systemEvent: { actorId: actor.id, ...event },
    }),
  };
}

/** Refused, or the state of the member who asks. */
function asker(chat, actor, isAllowed = () => true) {
  const state = chat.state(actor);
  if (!state) return notFound;
  if (chat.type !== 'group' || !isAllowed(state)) return forbidden;
  return state;
}

const leads = (state) => state.role !== 'member';
const owns = (state) => state.role === 'owner';

function enter(chat, users, { message }) {
  for (const user of users) {
    const visibleFromSeq = chat.settings.historyVisibility === 'all' ? 1 : message.seq;
    chat.join(user, message.seq, 'member', null, visibleFromSeq);
    message.joined ??= [];
    message.joined.push(chat.states.get(user.id));
  }
  return { message };
}

export function add(chat, actor, users) {
  const state = asker(chat, actor, leads);
  if (state.refused) return state;
  const fresh = [...new Set(users)].filter((user) => !chat.state(user));
  if (fresh.length === 0) return {};
  const isAway = (user) => chat.world.keepsAway(user.id, actor.id, 'groupInvites');
  if (fresh.some(isAway)) return keptAway;
  const userIds = fresh.map((user) => user.id);
  return enter(chat, fresh, write(chat, actor, { event: 'members_added', userIds }));
}

/** By an invite. */
export function join(chat, actor) {
  if (chat.state(actor)) return {};
  if (chat.members.length === 0) return notFound;
  const userIds = [actor.id];
  return enter(chat, [actor], write(chat, actor, { event: 'member_joined', userIds }));
}

function byAge(one, other) {
  return one.joinedAt === other.joinedAt
    ? one.userId < other.userId
      ? -1
      : 1
    : one.joinedAt < other.joinedAt
      ? -1
      : 1;
}

export function leave(chat, actor) {
  const state = asker(chat, actor);
  if (state.refused) return state;
  state.isMember = false;
  const rest = chat.members.sort(byAge);
  const event = { event: 'member_left', userIds: [actor.id] };
  if (state.role === 'owner' && rest.length > 0) {
    const heir = rest.find(({ role }) => role === 'admin') ?? rest[0];
    heir.role = 'owner';
    chat.ownerId = heir.userId;
    event.newOwnerId = heir.userId;
  }
  return write(chat, actor, event);
}

export function remove(chat, actor, user) {
  if (user === actor) return leave(chat, actor);
  const state = asker(chat, actor, leads);
  if (state.refused) return state;
  const target = chat.state(user);
  if (!target) return {};
  if (rank[state.role] <= rank[target.role]) return forbidden;
  target.isMember = false;
  return write(chat, actor, { event: 'member_removed', userIds: [user.id] });
}

export function setRole(chat, actor, user, role) {
  const state = asker(chat, actor, owns);
  if (state.refused) return state;
  const target = chat.state(user);
  if (!target) return notFound;
  if (target.role === role) return {};
  if (target.role === 'owner') return forbidden;
  target.role = role;
  return write(chat, actor, { event: 'role_changed', userIds: [user.id], role });
}

export function handOver(chat, actor, user) {
  const state = asker(chat, actor, owns);
  if (state.refused) return state;
  if (user === actor) return {};
  const target = chat.state(user);
  if (!target) return refusal('validation-failed', '/userId');
  state.role = 'admin';
  target.role = 'owner';
  chat.ownerId = user.id;
  const event = { event: 'owner_changed', userIds: [user.id], newOwnerId: user.id };
  return write(chat, actor, event);
}

export function describe(chat, actor, { title = chat.title, historyVisibility }) {
  const state = asker(chat, actor, leads);
  if (state.refused) return state;
  const visibility = historyVisibility ?? chat.settings.historyVisibility;
  const hasTitle = title !== chat.title;
  if (!hasTitle && visibility === chat.settings.historyVisibility) return {};
  chat.title = title;
  chat.settings = { historyVisibility: visibility };
  return write(
    chat,
    actor,
    hasTitle ? { event: 'title_changed', title } : { event: 'settings_changed' },
  );
}

export function end(chat, actor) {
  const state = asker(chat, actor, owns);
  if (state.refused) return state;
  for (const member of chat.members) member.isMember = false;
  return write(chat, actor, { event: 'group_ended' });
}
