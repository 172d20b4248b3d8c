// Plays actions on a server and on the model, and compares: each answer when it comes, what a
// member sees of the chat after each change, and at the end what every device holds.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { Device } from '../e2e/device.mjs';
import { eventually } from '../e2e/harness.mjs';
import { register } from '../e2e/people.mjs';
import * as chatPlays from './chat_plays.mjs';
import * as groupPlays from './group_plays.mjs';
import * as messagePlays from './message_plays.mjs';
import * as privatePlays from './private_plays.mjs';
import * as syncPlays from './sync_plays.mjs';
import { World } from './rules.mjs';
import { visible, withoutUnseen } from './views.mjs';

const transports = [['websocket'], ['polling']];
/** One function an action: `(player, action, who, chat)` answers the chat that it changed. */
const plays = { ...chatPlays, ...groupPlays, ...messagePlays, ...privatePlays, ...syncPlays };
const withoutChat = new Set([
  'makeDirect',
  'makeGroup',
  'list',
  'repeatSend',
  'block',
  'contact',
  'setPrivacy',
  'look',
  'unread',
  'sync',
  'verify',
]);

/** `count` users on a server, each with a device on either transport, and the model of it all. */
export class Player {
  world = new World();
  people = [];
  devices = [];
  played = 0;
  /** What a member has who asks for changes after every action: by chat and user. */
  replicas = new Map();
  /** Where each device stood at its last sync. */
  synced = new Map();
  sent = [];
  keys = 0;

  static async open(server, count = 5) {
    const player = new Player();
    for (let i = 0; i < count; i += 1) {
      const person = await register(server, 'model');
      const sessions = [person, await person.anotherDevice()];
      const own = sessions.map((each, at) => new Device(each, { transports: transports[at] }));
      player.people.push(person);
      player.devices.push(own);
      player.world.addUser({
        id: person.id,
        username: person.username,
        displayName: person.username,
      });
      const [saved] = (await person.ask('GET', '/v1/chats')).data;
      player.world.makeSaved(player.world.users.at(-1), saved);
    }
    for (const device of player.devices.flat()) {
      await eventually('a device is there', () => device.socket.connected && !device.isBusy);
    }
    return player;
  }

  close() {
    for (const device of this.devices.flat()) device.close();
  }

  async play(action) {
    const index = action.by % this.people.length;
    const who = {
      user: this.world.users[index],
      person: this.people[index],
      device: this.devices[index][action.device],
    };
    const chats = action.isOwnChat ? this.world.chatsOf(who.user) : this.world.chats;
    const chat = chats[action.chat % chats.length];
    if (!chat && !withoutChat.has(action.do)) return;
    this.played += 1;
    const touched = await plays[action.do](this, action, who, chat);
    if (touched) await this.checkCatchUp(touched);
  }

  /** `{refused, pointers, status, body}` by either door. */
  async ask(action, { person, device }, rest, socket) {
    if (socket && action.door === 'socket') {
      const ack = await device.socket.timeout(10_000).emitWithAck(...socket);
      const { ok, ...body } = ack;
      return { isAck: true, ...problemOf(ok ? null : ack.error), body };
    }
    const [method, path, body] = rest;
    const answer = await person.request(method, path, { body });
    return { ...answer, ...problemOf(answer.status < 300 ? null : answer.body) };
  }

  /** True: it was granted, as it should be. */
  judge(answer, expected) {
    assert.equal(answer.refused, expected.refused, `refused: ${JSON.stringify(answer.body)}`);
    if (expected.pointer) assert.deepEqual(answer.pointers, [expected.pointer]);
    return !expected.refused;
  }

  /** What only the server knows of a new message. */
  async learn(chat, message, { person }, { messageId, createdAt }) {
    if (message.id) return;
    Object.assign(message, { id: messageId, createdAt });
    assert.ok(!(createdAt < chat.updatedAt), 'the times of a chat never go backwards');
    chat.updatedAt = createdAt;
    if (message.clientMessageId) return;
    const read = await person.ask('GET', `/v1/chats/${chat.id}/messages/${messageId}`);
    message.clientMessageId = read.clientMessageId;
  }

  judgeReader(answer, isAllowed) {
    const problem = problemOf(answer.status < 300 ? null : answer.body);
    return this.judge({ ...answer, ...problem }, isAllowed ? {} : { refused: 'not-found' });
  }

  /** The message that an action names, if there is one. */
  target(action, who, chat) {
    const fitting = action.isOwn
      ? chat.messages.filter((message) => message.senderId === who.user.id)
      : chat.messages;
    const target = fitting.at(-1 - (action.message % fitting.length));
    // Nobody can tell the id of what was written when the last member left. What a member has
    // hidden or cleared away themselves is left alone.
    const state = chat.state(who.user);
    const isAway = state && target?.seq >= state.visibleFromSeq && !chat.sees(who.user, target);
    return target?.id && !isAway ? target : null;
  }

  /** Snapshot, then changes, is a fresh snapshot: for one member after each change. */
  async checkCatchUp(chat) {
    const { members } = chat;
    if (members.length === 0) return;
    const { userId } = members[this.played % members.length];
    const user = this.world.user(userId);
    const person = this.people[this.world.users.indexOf(user)];
    const key = `${chat.id} ${userId}`;
    // Whoever comes back loads the chat afresh: what was hidden from them may be theirs to see now.
    const { joinedAt } = chat.state(user);
    let replica = this.replicas.get(key);
    if (replica?.joinedAt !== joinedAt) replica = { joinedAt, hi: 0, messages: new Map() };
    this.replicas.set(key, replica);
    for (let hasMore = true; hasMore; ) {
      const answer = await person.changes(chat.id, replica.hi, 5);
      for (const message of answer.data) replica.messages.set(message.id, message);
      replica.hi = answer.hasMore ? answer.data.at(-1).rev : answer.lastRev;
      hasMore = answer.hasMore;
    }
    const held = [...replica.messages.values()].sort((one, other) => one.seq - other.seq);
    assert.deepEqual(shown(held, chat, user), visible(chat, user));
  }

  /** Every device of every member has exactly the chats. */
  async settle() {
    for (const [index, user] of this.world.users.entries()) {
      for (const [at, device] of this.devices[index].entries()) {
        for (const chat of this.world.chatsOf(user)) {
          const truth = visible(chat, user);
          const held = () =>
            shown(
              [...device.chat(chat.id).messages.values()].sort((one, other) => one.seq - other.seq),
              chat,
              user,
            );
          const settled = () => isDeepStrictEqual(held(), truth);
          await eventually('a device has the chat', settled, 5_000).catch(() => {
            assert.deepEqual(held(), truth, `what device ${at} of user ${index} holds`);
          });
        }
        device.check();
      }
    }
  }
}

/** What a client shows of what it holds: no stubs, and nothing that it may not see any more. */
function shown(held, chat, user) {
  return held
    .filter((message) => message.type && chat.sees(user, message))
    .map((message) => withoutUnseen(chat, user, message));
}

function problemOf(problem) {
  if (!problem) return { refused: undefined };
  return { refused: problem.code, pointers: problem.errors?.map((error) => error.pointer) };
}
