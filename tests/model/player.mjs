// Plays actions on a server and on the model, and compares: each answer when it comes, what a member
// sees of the chat after each change, and at the end what every device holds.

import assert from 'node:assert/strict';

import { Device } from '../e2e/device.mjs';
import { eventually } from '../e2e/harness.mjs';
import { register } from '../e2e/people.mjs';
import { World } from './rules.mjs';
import { changesView, chatView, historyView, listView, messageView, visible } from './views.mjs';

const transports = [['websocket'], ['polling']];

/** `count` users on a server, each with a device on either transport, and the model of it all. */
export class Player {
  world = new World();
  people = [];
  devices = [];
  played = 0;
  /** What a member has who asks for changes after every action: by chat and user. */
  #replicas = new Map();
  #sent = [];
  #keys = 0;

  static async open(server, count = 5) {
    const player = new Player();
    for (let i = 0; i < count; i += 1) {
      const person = await register(server, 'model');
      const own = [];
      for (const each of transports) {
        own.push(new Device(await person.anotherDevice(), { transports: each }));
      }
      player.people.push(person);
      player.devices.push(own);
      player.world.addUser({
        id: person.id,
        username: person.username,
        displayName: person.username,
      });
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
    const needsChat = !['makeDirect', 'makeGroup', 'list', 'repeatSend'].includes(action.do);
    if (needsChat && !chat) return;
    this.played += 1;
    const touched = await this[action.do](action, who, chat);
    if (touched) await this.#checkCatchUp(touched);
  }

  /** `{refused, pointers, status, body}` by either door. */
  async #ask(action, { person, device }, rest, socket) {
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
  #judge(answer, expected) {
    assert.equal(answer.refused, expected.refused, `refused: ${JSON.stringify(answer.body)}`);
    if (expected.pointer) assert.deepEqual(answer.pointers, [expected.pointer]);
    return !expected.refused;
  }

  async makeDirect(action, who) {
    const other = this.world.users[action.other % this.world.users.length];
    const answer = await this.#ask({ door: 'rest' }, who, [
      'POST',
      '/v1/chats',
      { type: 'direct', userId: other.id },
    ]);
    if (other === who.user) {
      this.#judge(answer, { refused: 'validation-failed', pointer: '/userId' });
      return undefined;
    }
    const known = this.world.findDirect(who.user, other);
    this.#judge(answer, {});
    assert.equal(answer.status, known ? 200 : 201);
    const chat = known ?? this.world.makeDirect(who.user, other, answer.body);
    assert.deepEqual(answer.body, chatView(this.world, chat, who.user));
    return chat;
  }

  async makeGroup(action, who) {
    const named = [...new Set(action.others.map((each) => each % this.world.users.length))];
    const others = named.map((each) => this.world.users[each]).filter((each) => each !== who.user);
    const answer = await this.#ask({ door: 'rest' }, who, [
      'POST',
      '/v1/chats',
      {
        type: 'group',
        title: action.title,
        memberIds: others.map((user) => user.id),
        clientChatId: action.key,
      },
    ]);
    const known = action.key && this.world.findGroup(who.user, action.key);
    if (known) {
      const members = (ids) => [...ids].sort().join();
      const isSame =
        known.request.title === action.title &&
        members(known.request.others) === members(others.map((user) => user.id));
      if (!this.#judge(answer, isSame ? {} : { refused: 'client-message-id-reused' })) return null;
      assert.equal(answer.status, 200);
    } else {
      this.#judge(answer, {});
      assert.equal(answer.status, 201);
    }
    const { id, createdAt, lastMessagePreview } = answer.body;
    const learnt = { id, createdAt, messageId: lastMessagePreview.messageId };
    const chat =
      known ?? this.world.makeGroup(who.user, action.title, others, action.key, learnt);
    chat.request ??= { title: action.title, others: others.map((user) => user.id) };
    assert.deepEqual(answer.body, chatView(this.world, chat, who.user));
    return chat;
  }

  async send(action, who, chat) {
    const target = chat.messages.at(-1 - (action.reply % chat.messages.length));
    const mentioned = this.world.users[action.mention % this.world.users.length];
    const request = {
      content: action.content,
      type: 'text',
      ...(action.hasKey ? { clientMessageId: `k${(this.#keys += 1)}` } : {}),
      ...(action.reply !== undefined && target ? { replyToMessageId: target.id } : {}),
      ...(mentioned ? { mentions: [mentioned.id] } : {}),
    };
    return this.#send(action, who, chat, request);
  }

  async repeatSend(action, who) {
    const sent = this.#sent.at(-1 - (action.which % this.#sent.length));
    if (!sent) return null;
    const request = { ...sent.request };
    if (action.isOther) request.content += ' and more';
    // By whoever sent it first, on any device.
    const sender = { ...who, person: sent.who.person, user: sent.who.user };
    sender.device = this.devices[this.world.users.indexOf(sent.who.user)][action.device];
    return this.#send(action, sender, sent.chat, request);
  }

  async #send(action, who, chat, request) {
    const answer = await this.#ask(
      action,
      who,
      ['POST', `/v1/chats/${chat.id}/messages`, request],
      ['send_message', { chatId: chat.id, ...request }],
    );
    const expected = chat.send(who.user, request);
    if (!this.#judge(answer, expected)) return null;
    const { message, duplicate } = expected;
    await this.#learn(chat, message, who, answer.body);
    assert.deepEqual(answer.body, receiptView(message, duplicate));
    if (!answer.isAck) assert.equal(answer.status, duplicate ? 200 : 201);
    if (request.clientMessageId && !duplicate) this.#sent.push({ who, chat, request });
    return chat;
  }

  /** What only the server knows of a new message. */
  async #learn(chat, message, { person }, { messageId, createdAt }) {
    if (message.id) return;
    Object.assign(message, { id: messageId, createdAt });
    assert.ok(!(createdAt < chat.updatedAt), 'the times of a chat never go backwards');
    chat.updatedAt = createdAt;
    if (message.clientMessageId) return;
    const read = await person.ask('GET', `/v1/chats/${chat.id}/messages/${messageId}`);
    message.clientMessageId = read.clientMessageId;
  }

  /** Several at once: whichever order they got, it must be an order. */
  async burst(action, who, chat) {
    const sends = action.sends
      .map((each) => ({ ...each, index: each.by % this.people.length }))
      .filter(({ index }) => chat.state(this.world.users[index]));
    const asked = await Promise.all(
      sends.map(async ({ index, door, content }) => {
        const request = { content, clientMessageId: `b${(this.#keys += 1)}` };
        const sender = {
          user: this.world.users[index],
          person: this.people[index],
          device: this.devices[index][action.device],
        };
        const answer = await this.#ask(
          { door },
          sender,
          ['POST', `/v1/chats/${chat.id}/messages`, request],
          ['send_message', { chatId: chat.id, ...request }],
        );
        this.#judge(answer, {});
        return { answer, sender, request };
      }),
    );
    asked.sort((one, other) => one.answer.body.rev - other.answer.body.rev);
    for (const { answer, sender, request } of asked) {
      const { message, duplicate } = chat.send(sender.user, request);
      await this.#learn(chat, message, sender, answer.body);
      assert.deepEqual(answer.body, receiptView(message, duplicate));
    }
    return chat;
  }

  #target(action, who, chat) {
    const fitting = action.isOwn
      ? chat.messages.filter((message) => message.senderId === who.user.id)
      : chat.messages;
    return fitting.at(-1 - (action.message % fitting.length));
  }

  async edit(action, who, chat) {
    const target = this.#target(action, who, chat);
    if (!target) return null;
    const change = {
      content: action.content,
      ...(action.version === undefined
        ? {}
        : { baseVersion: Math.max(0, target.editVersion - action.version) }),
    };
    const answer = await this.#ask(
      action,
      who,
      ['PATCH', `/v1/chats/${chat.id}/messages/${target.id}`, change],
      ['edit_message', { chatId: chat.id, messageId: target.id, ...change }],
    );
    return this.#judgeChange(answer, who, chat, chat.edit(who.user, { messageId: target.id, ...change }));
  }

  async erase(action, who, chat) {
    const target = this.#target(action, who, chat);
    if (!target) return null;
    const answer = await this.#ask(
      action,
      who,
      ['DELETE', `/v1/chats/${chat.id}/messages/${target.id}?scope=everyone`],
      ['delete_message', { chatId: chat.id, messageId: target.id, scope: 'everyone' }],
    );
    return this.#judgeChange(answer, who, chat, chat.erase(who.user, { messageId: target.id }));
  }

  async #judgeChange(answer, { person }, chat, expected) {
    if (!this.#judge(answer, expected)) return null;
    const { message } = expected;
    if (answer.isAck) assert.deepEqual(answer.body, { rev: message.rev });
    const read = answer.isAck
      ? await person.ask('GET', `/v1/chats/${chat.id}/messages/${message.id}`)
      : answer.body;
    message.editedAt ??= read.editedAt;
    assert.deepEqual(read, messageView(message));
    return chat;
  }

  async history({ limit, ...action }, who, chat) {
    const names = ['beforeSeq', 'afterSeq', 'aroundSeq'].filter((name) => name in action);
    const query = Object.fromEntries(names.map((name) => [name, action[name]]));
    const answer = await who.person.request(
      'GET',
      `/v1/chats/${chat.id}/messages?${new URLSearchParams({ limit, ...query })}`,
    );
    if (!this.#judgeReader(answer, who, chat)) return;
    assert.deepEqual(answer.body, historyView(chat, who.user, { limit, ...query }));
  }

  #judgeReader(answer, who, chat) {
    return this.#judge(
      { ...answer, ...problemOf(answer.status < 300 ? null : answer.body) },
      chat.state(who.user) ? {} : { refused: 'not-found' },
    );
  }

  async changes(action, who, chat) {
    const { sinceRev, limit } = action;
    const answer = await this.#ask(
      action,
      who,
      ['GET', `/v1/chats/${chat.id}/changes?sinceRev=${sinceRev}&limit=${limit}`],
      ['fetch_changes', { chatId: chat.id, sinceRev, limit }],
    );
    if (!this.#judge(answer, chat.state(who.user) ? {} : { refused: 'not-found' })) return;
    assert.deepEqual(answer.body, changesView(chat, who.user, sinceRev, limit));
  }

  async getMessage(action, who, chat) {
    const target = chat.messages.at(-1 - (action.message % chat.messages.length));
    if (!target) return;
    const answer = await who.person.request(
      'GET',
      `/v1/chats/${chat.id}/messages/${target.id}`,
    );
    if (this.#judgeReader(answer, who, chat)) assert.deepEqual(answer.body, messageView(target));
  }

  async getChat(action, who, chat) {
    const answer = await who.person.request('GET', `/v1/chats/${chat.id}`);
    if (!this.#judgeReader(answer, who, chat)) return;
    assert.deepEqual(answer.body, chatView(this.world, chat, who.user));
  }

  async list({ limit, filter }, who) {
    const items = [];
    let cursor = '';
    do {
      const page = await who.person.ask(
        'GET',
        `/v1/chats?limit=${limit}&filter=${filter}${cursor && `&cursor=${cursor}`}`,
      );
      items.push(...page.data);
      assert.equal(page.page.hasMore, page.page.nextCursor !== null);
      cursor = page.page.nextCursor;
    } while (cursor);
    assert.deepEqual(items, listView(this.world, who.user, filter));
  }

  /** Snapshot, then changes, is a fresh snapshot: for one member after each change. */
  async #checkCatchUp(chat) {
    const { members } = chat;
    const { userId } = members[this.played % members.length];
    const user = this.world.user(userId);
    const person = this.people[this.world.users.indexOf(user)];
    const key = `${chat.id} ${userId}`;
    const replica = this.#replicas.get(key) ?? { hi: 0, messages: new Map() };
    this.#replicas.set(key, replica);
    for (let hasMore = true; hasMore; ) {
      const answer = await person.changes(chat.id, replica.hi, 5);
      for (const message of answer.data) replica.messages.set(message.id, message);
      replica.hi = answer.hasMore ? answer.data.at(-1).rev : answer.lastRev;
      hasMore = answer.hasMore;
    }
    const held = [...replica.messages.values()].sort((one, other) => one.seq - other.seq);
    assert.deepEqual(held, visible(chat, user));
  }

  /** Every device of every member has exactly the chats. */
  async settle() {
    for (const [index, user] of this.world.users.entries()) {
      for (const [at, device] of this.devices[index].entries()) {
        for (const chat of this.world.chatsOf(user)) {
          const truth = visible(chat, user);
          const wanted = JSON.stringify(truth);
          const held = () =>
            [...device.chat(chat.id).messages.values()].sort((one, other) => one.seq - other.seq);
          const settled = () => sameKeys(held(), truth) === wanted;
          await eventually('a device has the chat', settled, 5_000).catch(() => {
            assert.deepEqual(held(), truth, `what device ${at} of user ${index} holds`);
          });
        }
        device.check();
      }
    }
  }
}

/** As JSON with the fields in the order of the truth's: only the values count. */
function sameKeys(held, truth) {
  return JSON.stringify(
    held.map((message, at) => {
      const wanted = truth[at];
      if (!wanted || Object.keys(wanted).length !== Object.keys(message).length) return message;
      return Object.fromEntries(Object.keys(wanted).map((key) => [key, message[key]]));
    }),
  );
}

function problemOf(problem) {
  if (!problem) return { refused: undefined };
  return { refused: problem.code, pointers: problem.errors?.map((error) => error.pointer) };
}

function receiptView({ id, seq, placeRev, createdAt }, duplicate) {
  return { messageId: id, seq, rev: placeRev, createdAt, duplicate };
}
