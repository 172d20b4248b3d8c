// Random actions, as plain JSON: what they speak of is named by numbers that are looked up when
// they are played. So any part of a list of actions can be played by itself, and a list that fails
// can be written down, made smaller and played again.

/** How often each is drawn. */
const weights = {
  makeDirect: 3,
  makeGroup: 2,
  send: 30,
  repeatSend: 5,
  burst: 3,
  forward: 4,
  edit: 12,
  erase: 4,
  react: 6,
  pin: 4,
  groupDeed: 10,
  mark: 12,
  patchState: 8,
  clear: 1,
  takeOffList: 1,
  hide: 2,
  receipts: 4,
  members: 2,
  unread: 4,
  block: 3,
  contact: 3,
  setPrivacy: 2,
  look: 2,
  sync: 5,
  verify: 2,
  history: 8,
  changes: 6,
  getMessage: 3,
  getChat: 5,
  list: 4,
};

const words = ['tea', 'boat', 'rain', 'Ångström', '日本', '👋🏽', 'x'.repeat(300), '"quoted\\"', ' '];

function text(random) {
  return Array.from({ length: 1 + random.below(4) }, () => random.pick(words)).join(' ');
}

/** Some more often than others, so that groups do not empty. */
const deeds = [
  ...Array(6).fill('add'),
  ...['remove', 'remove', 'leave', 'setRole', 'setRole', 'setRole', 'handOver'],
  ...['describe', 'describe', 'describe', 'join', 'join', 'end'],
];

function stateFields(random) {
  const all = {
    isArchived: random.chance(0.6),
    isPinned: random.chance(0.6),
    pinOrder: random.below(11),
    mutedUntil: random.pick([null, '9999-12-31T23:59:59.999Z', '2020-01-01T00:00:00.000Z']),
    markedUnread: random.chance(0.6),
    notificationLevel: random.pick(['all', 'mentions', 'none']),
    draft: random.pick(['', 'Not yet', 'x'.repeat(200)]),
  };
  return Object.fromEntries(Object.entries(all).filter(() => random.chance(0.3)));
}

/** What belongs to each kind beside who, where and by which door. */
const details = {
  makeDirect: (random) => ({ other: random.below(8) }),
  makeGroup: (random) => ({
    title: text(random).slice(0, 60).trim() || 'group',
    others: Array.from({ length: random.below(5) }, () => random.below(8)),
    ...(random.chance(0.5) ? { key: `g${random.below(6)}` } : {}),
  }),
  send: (random) => ({
    content: text(random),
    ...(random.chance(0.7) ? { hasKey: true } : {}),
    ...(random.chance(0.2) ? { reply: random.below(40) } : {}),
    ...(random.chance(0.1) ? { mention: random.below(8) } : {}),
  }),
  repeatSend: (random) => ({ which: random.below(30), isOther: random.chance(0.3) }),
  burst: (random) => ({
    sends: Array.from({ length: 2 + random.below(6) }, () => ({
      by: random.below(8),
      door: random.pick(['rest', 'socket']),
      content: text(random),
    })),
  }),
  // Few keys, so that some are used again: for the same message, or for another.
  forward: (random) => ({
    message: random.below(12),
    to: Array.from({ length: 1 + random.below(3) }, () => random.below(64)),
    ...(random.chance(0.7) ? { key: `f${random.below(8)}` } : {}),
  }),
  edit: (random) => ({
    message: random.below(30),
    content: random.chance(0.2) ? 'the same' : text(random),
    isOwn: random.chance(0.8),
    ...(random.chance(0.4) ? { version: random.below(3) } : {}),
  }),
  erase: (random) => ({ message: random.below(30), isOwn: random.chance(0.6) }),
  react: (random) => ({
    message: random.below(12),
    emoji: random.pick(['👍', '🎉', '❤️', '👎']),
    adds: random.chance(0.7),
  }),
  pin: (random) => ({ message: random.below(12), isPinned: random.chance(0.7) }),
  groupDeed: (random) => ({
    deed: random.pick(deeds),
    other: random.below(8),
    others: Array.from({ length: 1 + random.below(2) }, () => random.below(8)),
    role: random.pick(['admin', 'member']),
    ...(random.chance(0.5) ? { title: `Title ${random.below(4)}` } : {}),
    ...(random.chance(0.5) ? { historyVisibility: random.pick(['all', 'sinceJoin']) } : {}),
  }),
  mark: (random) => ({
    kind: random.pick(['read', 'read', 'delivered']),
    // Now and then one too far.
    back: random.chance(0.05) ? 0 : 1 + random.below(6),
  }),
  patchState: (random) => ({ fields: stateFields(random) }),
  clear: () => ({}),
  takeOffList: () => ({}),
  hide: (random) => ({ message: random.below(12) }),
  receipts: (random) => ({ message: random.below(12) }),
  members: () => ({}),
  unread: () => ({}),
  block: (random) => ({ other: random.below(8), isOn: random.chance(0.3) }),
  contact: (random) => ({ other: random.below(8), isOn: random.chance(0.6) }),
  setPrivacy: (random) => ({
    fields: Object.fromEntries(
      ['lastSeen', 'directMessages', 'groupInvites']
        .filter(() => random.chance(0.5))
        .map((name) => [name, random.pick([...Array(4).fill('everyone'), 'contacts', 'nobody'])]),
    ),
  }),
  look: () => ({}),
  sync: () => ({}),
  // How far behind the device is with one chat after the other; -1: it does not know the chat.
  verify: (random) => ({ behind: Array.from({ length: 5 }, () => random.below(4) - 1) }),
  history: (random) => ({
    limit: 1 + random.below(12),
    ...(random.chance(0.7)
      ? { [random.pick(['beforeSeq', 'afterSeq', 'aroundSeq'])]: random.below(40) }
      : {}),
  }),
  changes: (random) => ({ sinceRev: random.below(60), limit: 1 + random.below(20) }),
  getMessage: (random) => ({ message: random.below(40) }),
  getChat: () => ({}),
  list: (random) => ({
    limit: 1 + random.below(8),
    filter: random.pick(['all', 'all', 'unread', 'archived']),
  }),
};

const bag = Object.entries(weights).flatMap(([kind, weight]) => Array(weight).fill(kind));

export function randomAction(random) {
  const kind = random.pick(bag);
  return {
    do: kind,
    by: random.below(8),
    device: random.below(2),
    door: random.pick(['rest', 'socket']),
    chat: random.below(64),
    // Now and then somebody who is no member asks.
    isOwnChat: !random.chance(0.04),
    ...details[kind](random),
  };
}
