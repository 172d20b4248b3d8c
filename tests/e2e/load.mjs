// Load that a fault is made under: devices that say and change things, and keep what was acked.
// Once it is quiet everybody must have exactly the chats.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { Device } from './device.mjs';
import { checkDevices, checkHistory, checkMemberships, checkReads, checkUnread } from './judge.mjs';
import { registerMany } from './people.mjs';

/** What was acked. */
function emptyLog() {
  return {
    sends: [],
    edits: new Map(),
    erased: new Map(),
    reads: new Map(),
    isIn: new Map(),
    additions: new Map(),
  };
}

/** One device's share of the load: says and changes things until it is told to stop. */
async function talk(device, chatIds, random, log, isOver) {
  const mine = [];
  while (!isOver()) {
    const chatId = random.pick(chatIds);
    const dice = random.below(10);
    if (dice < 6 || mine.length === 0) {
      const sent = await device.send(chatId, `text ${random.below(1e9)}`);
      log.sends.push(sent);
      mine.push(sent);
    } else if (dice < 8) {
      const { chatId: where, seq } = random.pick(mine);
      await device.insist('mark_read', { chatId: where, seq });
      const key = `${device.person.id} ${where}`;
      log.reads.set(key, Math.max(seq, log.reads.get(key) ?? 0));
    } else if (dice < 9) {
      const { chatId: where, messageId } = random.pick(mine);
      const content = `edit ${random.below(1e9)}`;
      const ack = await device.edit(where, messageId, content);
      log.edits.set(messageId, { content, rev: ack.rev });
    } else {
      const at = random.below(mine.length);
      const [{ chatId: where, messageId }] = mine.splice(at, 1);
      const ack = await device.erase(where, messageId);
      log.erased.set(messageId, ack.rev);
    }
    await sleep(random.below(20));
  }
}

/** The owner of a group adds guests and removes them again until it is over. */
async function manage(device, chatId, guests, random, log, isOver) {
  while (!isOver()) {
    const { person } = random.pick(guests);
    const members = `/v1/chats/${chatId}/members`;
    const isIn = log.isIn.get(person.id) ?? false;
    if (isIn) await device.insistRequest('DELETE', `${members}/${person.id}`);
    else await device.insistRequest('POST', members, { memberIds: [person.id] });
    log.isIn.set(person.id, !isIn);
    if (!isIn) log.additions.set(person.id, (log.additions.get(person.id) ?? 0) + 1);
    await sleep(random.below(60));
  }
}

/** A group of all, and a direct chat of each with the next. */
async function makeChats(people) {
  const chats = [await people[0].group('Everybody', people.slice(1))];
  for (let i = 0; i + 1 < people.length; i += 1) chats.push(await people[i].direct(people[i + 1]));
  return chats;
}

/** Users with their devices in a group and in direct chats, and guests who come to it and go. */
export class Load {
  log = emptyLog();
  #isOver = false;
  #talks = [];

  static async start(t, server, random, { users, devicesPerUser, guests, options = {} }) {
    const load = new Load();
    const device = (person) => {
      const made = new Device(person, options);
      t.after(() => made.close());
      return made;
    };
    load.people = await registerMany(server, users);
    load.chatIds = await makeChats(load.people);
    load.devices = [];
    load.reachable = new Map();
    for (const person of load.people) {
      for (let i = 0; i < devicesPerUser; i += 1) {
        load.devices.push(device(await person.anotherDevice()));
      }
      const { data } = await person.ask('GET', '/v1/chats?limit=100');
      load.reachable.set(
        person.id,
        data.map(({ id }) => id),
      );
    }
    load.guests = (await registerMany(server, guests)).map(device);
    load.#go(random);
    return load;
  }

  #go(random) {
    const isOver = () => this.#isOver;
    this.#talks = this.devices.map((device) =>
      talk(device, this.reachable.get(device.person.id), random, this.log, isOver),
    );
    this.#talks.push(
      manage(this.devices[0], this.chatIds[0], this.guests, random, this.log, isOver),
    );
  }

  get acked() {
    return this.log.sends.length;
  }

  async stop(t) {
    this.#isOver = true;
    await Promise.all(this.#talks);
    for (const device of [...this.devices, ...this.guests]) device.check();
    const { sends, edits, erased, reads, additions } = this.log;
    t.diagnostic(`${sends.length} sends, ${edits.size} edited, ${erased.size} erased`);
    t.diagnostic(`${reads.size} read, ${[...additions.values()]} additions of guests`);
  }

  /** After `stop`. `late` devices came after it all, and must have the same. */
  async judge({ late = [], timeout = 10_000 } = {}) {
    const { people, guests, log, chatIds } = this;
    await checkMemberships(people[0], chatIds[0], guests, people.length, log);
    for (const guest of guests.filter(({ person }) => log.isIn.get(person.id))) {
      this.reachable.set(guest.person.id, [chatIds[0]]);
    }
    const everybody = [...this.devices, ...guests, ...late];
    for (const person of [...people, ...guests.map((guest) => guest.person)]) {
      const own = everybody.filter((device) => device.person.id === person.id);
      assert.ok(own.length > 0);
      for (const chatId of this.reachable.get(person.id) ?? []) {
        const history = await person.history(chatId);
        checkHistory(history, log, chatId);
        await checkReads(person, chatId, log);
        await checkUnread(person, chatId, history);
        await checkDevices(own, chatId, history, timeout);
      }
    }
  }
}
