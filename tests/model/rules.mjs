// The rules of a chat as plain values: who may do what, which place a change takes, and what is
// unread. No ids are made and no clock is read here: what only the server can know (the id of a
// message, the time of a write) is learnt from its answers, everything else is foretold.

/** What the server should answer instead of doing it. */
export function refusal(code, pointer) {
  return pointer ? { refused: code, pointer } : { refused: code };
}

export const notFound = refusal('not-found');
const forbidden = refusal('forbidden');
export const keptAway = refusal('cannot-contact-user');

/** The first code points, as previews are cut. */
export function cut(text, count = 140) {
  return [...text].slice(0, count).join('');
}

export class World {
  users = [];
  chats = [];
  /** `${owner} ${other}`: the one has blocked the other. */
  blocks = new Set();
  /** `${owner} ${other}`: the other is among the one's contacts. */
  contacts = new Set();

  addUser({ id, username, displayName }) {
    const privacy = { lastSeen: 'everyone', directMessages: 'everyone', groupInvites: 'everyone' };
    this.users.push({ id, username, displayName, privacy });
  }

  user(id) {
    return this.users.find((user) => user.id === id);
  }

  hasBlocked(ownerId, otherId) {
    return this.blocks.has(`${ownerId} ${otherId}`);
  }

  /** By a block or by `setting`, one of privacy: which of them it is nobody learns. */
  keepsAway(ownerId, otherId, setting) {
    const audience = this.user(ownerId).privacy[setting];
    const isLet =
      audience === 'everyone' ||
      (audience === 'contacts' && this.contacts.has(`${ownerId} ${otherId}`));
    return !isLet || this.hasBlocked(ownerId, otherId);
  }

  /** Of whom one hides from the other, neither sees when the other is there. */
  seeEachOther(one, other) {
    if (one === other) return true;
    const hides = (owner, from) => this.keepsAway(owner.id, from.id, 'lastSeen');
    return !hides(one, other) && !hides(other, one);
  }

  chatsOf(user) {
    return this.chats.filter((chat) => chat.states.get(user.id)?.isMember);
  }

  findDirect(one, other) {
    return this.chats.find(
      (chat) => chat.type === 'direct' && chat.states.has(one.id) && chat.states.has(other.id),
    );
  }

  /** `learnt`: `{id, createdAt, messageId?}` from the answer. */
  makeDirect(one, other, learnt) {
    const chat = new Chat('direct', learnt, this);
    for (const user of [one, other]) chat.join(user, 0, 'member', learnt.createdAt);
    this.chats.push(chat);
    return chat;
  }

  /** Everybody has one from the beginning: for themselves alone. */
  makeSaved(user, learnt) {
    const chat = new Chat('saved', learnt, this);
    chat.join(user, 0, 'member', learnt.createdAt);
    this.chats.push(chat);
  }

  makeGroup(creator, title, others, clientChatId, learnt) {
    const chat = new Chat('group', learnt, this);
    Object.assign(chat, { title, ownerId: creator.id, creatorId: creator.id, clientChatId });
    chat.settings = { historyVisibility: 'all' };
    const members = [creator, ...others];
    const message = chat.write({
      senderId: creator.id,
      type: 'system',
      content: '',
      systemEvent: {
        event: 'group_created',
        actorId: creator.id,
        ...(others.length > 0 ? { userIds: others.map((user) => user.id) } : {}),
        title,
      },
    });
    Object.assign(message, { id: learnt.messageId, createdAt: learnt.createdAt });
    for (const user of members) {
      chat.join(user, 1, user === creator ? 'owner' : 'member', learnt.createdAt);
    }
    this.chats.push(chat);
    return chat;
  }

  /** The group that a creator made under this `clientChatId`. */
  findGroup(creator, clientChatId) {
    return this.chats.find(
      (chat) => chat.creatorId === creator.id && chat.clientChatId === clientChatId,
    );
  }
}

/** What makes two sends one: everything that the sender asked for. */
function fingerprint(request) {
  const { type = 'text', content, replyToMessageId = null, mentions = [], forwardOf } = request;
  if (forwardOf) return `the forward of ${forwardOf}`;
  return JSON.stringify([type, content, replyToMessageId, mentions]);
}

const initialState = {
  clearedSeq: 0,
  isArchived: false,
  isPinned: false,
  pinOrder: 0,
  mutedUntil: null,
  markedUnread: false,
  notificationLevel: 'all',
  draft: '',
  isOffList: false,
};

export class Chat {
  messages = [];
  states = new Map();
  byKey = new Map();
  lastRev = 0;
  pinned = [];

  constructor(type, { id, createdAt }, world) {
    Object.assign(this, { type, id, createdAt, updatedAt: createdAt, world });
  }

  get lastSeq() {
    return this.messages.length;
  }

  get members() {
    return [...this.states.values()].filter((state) => state.isMember);
  }

  state(user) {
    const state = this.states.get(user.id);
    return state?.isMember ? state : null;
  }

  /** Private settings outlive a leave; watermarks stand at the join. */
  join(user, seq, role, joinedAt, visibleFromSeq = 1) {
    this.states.set(user.id, {
      ...initialState,
      hidden: [],
      ...this.states.get(user.id),
      isArchived: false,
      isPinned: false,
      pinOrder: 0,
      isOffList: false,
      markedUnread: false,
      userId: user.id,
      isMember: true,
      role,
      joinedAt,
      joinedSeq: seq,
      visibleFromSeq,
      lastReadSeq: seq,
      lastDeliveredSeq: seq,
    });
  }

  /** The user is a member and sees the message. */
  sees(user, { id, seq }) {
    const state = this.state(user);
    if (!state || state.hidden.includes(id)) return false;
    return seq >= state.visibleFromSeq && seq > state.clearedSeq;
  }

  /** A message takes the next place; `id` and `createdAt` are learnt afterwards. */
  write(fields) {
    this.lastRev += 1;
    const message = {
      chatId: this.id,
      seq: this.messages.length + 1,
      rev: this.lastRev,
      editVersion: 0,
      isDeleted: false,
      isPinned: false,
      reactions: [],
      ...fields,
    };
    this.messages.push(message);
    return message;
  }

  change(message) {
    this.lastRev += 1;
    message.rev = this.lastRev;
    return message;
  }

  /** By brute force: what was written after the watermark, by others and not by the server. */
  unread(user) {
    const { lastReadSeq } = this.states.get(user.id);
    return this.messages.filter(
      ({ seq, senderId, type }) => seq > lastReadSeq && senderId !== user.id && type !== 'system',
    ).length;
  }

  /** In a direct chat whom the peer keeps away writes nothing, and takes back what they wrote. */
  isKeptAway(user) {
    if (this.type !== 'direct') return false;
    const peer = this.members.find((member) => member.userId !== user.id);
    return this.world.keepsAway(peer.userId, user.id, 'directMessages');
  }

  find(user, messageId) {
    return this.messages.find((message) => message.id === messageId && this.sees(user, message));
  }

  /** What became of an earlier request under its `clientMessageId`, if there was one. */
  repeated(user, request) {
    const { clientMessageId } = request;
    const earlier = clientMessageId && this.byKey.get(`${user.id} ${clientMessageId}`);
    if (!earlier) return null;
    return earlier.fingerprint === fingerprint(request)
      ? { message: earlier.message, duplicate: true }
      : refusal('client-message-id-reused');
  }

  /** Into this chat, what `source` says: `{message}`, or why it may not be forwarded. */
  forward(user, source, { messageId, clientMessageId }) {
    const request = { clientMessageId, forwardOf: messageId };
    // What was forwarded while it could be stays so.
    if (source.refused) return this.repeated(user, request) ?? source;
    const { type, content, senderId, createdAt, forwardedFrom } = source.message;
    return this.send(user, {
      ...request,
      type,
      content,
      forwardedFrom: forwardedFrom ?? { senderId, createdAt },
    });
  }

  /** `{message}` or a refusal. */
  forwardable(user, messageId) {
    const message = this.state(user) && this.find(user, messageId);
    if (!message) return notFound;
    return message.isDeleted || message.type === 'system' ? forbidden : { message };
  }

  /** `{message, duplicate}` or a refusal. */
  send(user, request) {
    const { clientMessageId, replyToMessageId } = request;
    const earlier = this.repeated(user, request);
    if (earlier) return earlier;
    const state = this.state(user);
    if (!state) return notFound;
    if (this.isKeptAway(user)) return keptAway;
    const target = replyToMessageId && this.find(user, replyToMessageId);
    if (replyToMessageId && !target) return refusal('validation-failed', '/replyToMessageId');

    const wasCaughtUp = this.unread(user) === 0;
    const message = this.write({
      senderId: user.id,
      type: request.type ?? 'text',
      content: request.content,
      clientMessageId,
      mentions: request.mentions ?? [],
      forwardedFrom: request.forwardedFrom,
      replyTo: target && {
        messageId: target.id,
        seq: target.seq,
        senderId: target.senderId,
        preview: cut(target.content),
      },
    });
    message.placeRev = message.rev;
    if (clientMessageId) {
      const sent = { message, fingerprint: fingerprint(request) };
      this.byKey.set(`${user.id} ${clientMessageId}`, sent);
    }
    if (wasCaughtUp) {
      state.lastReadSeq = message.seq;
      state.lastDeliveredSeq = Math.max(state.lastDeliveredSeq, message.seq);
    }
    return { message, duplicate: false };
  }

  /** `{message, hasChanged}` or a refusal. */
  edit(user, { messageId, content, baseVersion }) {
    const message = this.state(user) && this.find(user, messageId);
    if (!message) return notFound;
    if (this.isKeptAway(user)) return keptAway;
    if (message.type === 'system' || message.senderId !== user.id || message.isDeleted) {
      return forbidden;
    }
    if (message.content === content) return { message, hasChanged: false };
    if (baseVersion !== undefined && baseVersion !== message.editVersion) {
      return refusal('edit-conflict');
    }
    message.content = content;
    message.editVersion += 1;
    message.editedAt = undefined;
    return { message: this.change(message), hasChanged: true };
  }

  erase(user, { messageId }) {
    const state = this.state(user);
    const message = state && this.find(user, messageId);
    if (!message) return notFound;
    const leads = this.type === 'group' && state.role !== 'member';
    if (message.type === 'system' || (message.senderId !== user.id && !leads)) return forbidden;
    if (message.isDeleted) return { message, hasChanged: false };
    Object.assign(message, {
      isDeleted: true,
      content: '',
      mentions: [],
      replyTo: undefined,
      forwardedFrom: undefined,
      reactions: [],
      isPinned: false,
    });
    this.pinned = this.pinned.filter((id) => id !== message.id);
    return { message: this.change(message), hasChanged: true };
  }

  /** A set over message, user and emoji: the newest first within an emoji. */
  react(user, { messageId, emoji, adds }) {
    const message = this.state(user) && this.find(user, messageId);
    if (!message) return notFound;
    if (this.isKeptAway(user)) return keptAway;
    if (message.type === 'system') return forbidden;
    const has = message.reactions.some((each) => each.emoji === emoji && each.userId === user.id);
    if (adds && message.isDeleted) return forbidden;
    if (adds === has) return { message, hasChanged: false };
    if (!adds) {
      message.reactions = message.reactions.filter(
        (each) => each.emoji !== emoji || each.userId !== user.id,
      );
      return { message: this.change(message), hasChanged: true };
    }
    const kinds = new Set(message.reactions.map((each) => each.emoji));
    if (!kinds.has(emoji) && kinds.size >= 20) return refusal('conflict');
    message.reactions.push({ emoji, userId: user.id });
    return { message: this.change(message), hasChanged: true };
  }

  pin(user, { messageId, isPinned }) {
    const state = this.state(user);
    const message = state && this.find(user, messageId);
    if (!message) return notFound;
    if (this.isKeptAway(user)) return keptAway;
    if (message.type === 'system') return forbidden;
    if (this.type === 'group' && state.role === 'member') return forbidden;
    if (message.isPinned === isPinned) return { message, hasChanged: false };
    if (message.isDeleted) return forbidden;
    if (isPinned && this.pinned.length >= 100) return refusal('conflict');
    message.isPinned = isPinned;
    this.pinned = this.pinned.filter((id) => id !== message.id);
    if (isPinned) this.pinned.push(message.id);
    return { message: this.change(message), hasChanged: true };
  }
}
