// A device that keeps its chats by the client's rule (docs/guides/client-rule.md), and by nothing
// else. Whatever happens to the network and the server, once it is quiet it has exactly the chats.

import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';

import { watched } from './described.mjs';
import { uniqueKey } from './people.mjs';

const ackTimeout = 3_000;

/** A message as a chat keeps it: without what only its delivery carried. */
export function bare({ prevRev, ...message }) {
  return message;
}

/** What a device knows of one chat. */
class Replica {
  hi = 0;
  messages = new Map();
  held = [];
  isCatchingUp = false;

  /** Messages are kept by id; the highest `rev` of one is its present state. */
  put(message) {
    const known = this.messages.get(message.id);
    if (!known || known.rev <= message.rev) this.messages.set(message.id, bare(message));
  }

  rise(rev) {
    this.hi = Math.max(this.hi, rev);
  }

  /** False: there is a gap before the change, so it must wait. */
  take(change) {
    if (change.rev <= this.hi) return true;
    if (change.prevRev > this.hi) return false;
    this.put(change);
    this.hi = change.rev;
    return true;
  }

  /** What waited and fits now. */
  takeHeld() {
    this.held.sort((one, other) => one.rev - other.rev);
    this.held = this.held.filter((change) => !this.take(change));
  }
}

export class Device {
  chats = new Map();
  resyncs = 0;
  fetches = 0;
  isClosed = false;
  #failure = null;
  #work = new Set();

  constructor(person, options = {}) {
    this.person = person;
    this.socket = watched(
      io(person.server.socketUrl ?? person.server.url, {
        auth: { token: person.token },
        forceNew: true,
        reconnectionDelay: 50,
        reconnectionDelayMax: 300,
        timeout: 3_000,
        ...options,
      }),
    );
    for (const name of ['new_message', 'message_updated', 'message_deleted']) {
      this.socket.on(name, (change) => this.#hear(change));
    }
    this.socket.on('chat_added', ({ chat }) => this.#start(() => this.#loadAfresh(chat.id)));
    this.socket.on('chat_removed', ({ chatId }) => this.chats.delete(chatId));
    this.socket.on('session_ready', () => this.#start(() => this.#compareAll()));
    this.socket.on('resync_required', () => {
      this.resyncs += 1;
      this.#start(() => this.#compareAll());
    });
    this.socket.on('connect_error', (error) => {
      // A refusal ends socket.io-client's own attempts. One that may pass is tried again.
      if (this.socket.active) return;
      if (error.data?.retryable) setTimeout(() => this.socket.connect(), 100);
      else this.#failure = error;
    });
  }

  close() {
    this.isClosed = true;
    this.socket.disconnect();
  }

  /** Throws what has gone wrong where nobody was waiting. */
  check() {
    if (this.#failure) throw this.#failure;
  }

  #start(job) {
    const work = job()
      .catch((error) => {
        // A chat that the user is out of by now is no failure.
        if (!this.isClosed && error.status !== 404) this.#failure ??= error;
      })
      .finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  get isBusy() {
    return this.#work.size > 0;
  }

  chat(id) {
    if (!this.chats.has(id)) this.chats.set(id, new Replica());
    return this.chats.get(id);
  }

  #hear(change) {
    const chat = this.chat(change.chatId);
    if (chat.take(change)) {
      chat.takeHeld();
    } else {
      chat.held.push(change);
    }
    if (chat.held.length > 0) this.#start(() => this.#catchUp(change.chatId));
  }

  /** A read that outlives a server that is away. */
  async #get(path) {
    for (;;) {
      const answer = await this.person.request('GET', path).catch(() => null);
      if (answer?.status === 200) return answer.body;
      if (this.isClosed) throw new Error('closed');
      if (answer && answer.status < 500) {
        const error = new Error(`${path}: ${JSON.stringify(answer.body)}`);
        throw Object.assign(error, { status: answer.status });
      }
      await sleep(50);
    }
  }

  async #compareAll() {
    for (let cursor = '', hasMore = true; hasMore; ) {
      const page = await this.#get(`/v1/chats?limit=100${cursor && `&cursor=${cursor}`}`);
      for (const { id, lastRev } of page.data) {
        if (!this.chats.has(id)) await this.#loadAfresh(id);
        else if (lastRev !== this.chat(id).hi) await this.#catchUp(id);
      }
      hasMore = page.page.hasMore;
      cursor = hasMore ? encodeURIComponent(page.page.nextCursor) : '';
    }
  }

  async #catchUp(id) {
    const chat = this.chat(id);
    if (chat.isCatchingUp) return;
    chat.isCatchingUp = true;
    try {
      do {
        const since = chat.hi;
        this.fetches += 1;
        const answer = await this.#get(`/v1/chats/${id}/changes?sinceRev=${since}`);
        if (answer.lastRev < since) {
          await this.#loadAfresh(id);
        } else {
          answer.data.forEach((message) => chat.put(message));
          chat.rise(answer.hasMore ? answer.data.at(-1).rev : answer.lastRev);
          chat.hasMore = answer.hasMore;
        }
        chat.takeHeld();
      } while (chat.hasMore || chat.held.length > 0);
    } finally {
      chat.isCatchingUp = false;
    }
  }

  /** `hi` is `lastRev` as it was before the first page; what comes meanwhile is newer. */
  async #loadAfresh(id) {
    const { lastRev } = await this.#get(`/v1/chats/${id}`);
    const chat = this.chat(id);
    chat.messages.clear();
    chat.hi = lastRev;
    for (let before = '', hasMore = true; hasMore; ) {
      const page = await this.#get(`/v1/chats/${id}/messages?limit=100${before}`);
      page.data.forEach((message) => chat.put(message));
      hasMore = page.page.hasMore;
      before = `&beforeSeq=${page.data[0]?.seq}`;
    }
    chat.takeHeld();
  }

  /**
   * Says it until it has an answer: over a lost ack, a lost link and a server that died. A refusal
   * that will not pass is thrown.
   */
  async insist(event, fields) {
    for (;;) {
      this.check();
      if (this.isClosed) throw new Error('closed');
      const answer =
        this.socket.connected &&
        (await this.socket
          .timeout(ackTimeout)
          .emitWithAck(event, fields)
          .catch(() => null));
      if (answer?.ok) return answer;
      if (answer?.error && !answer.error.retryable) {
        throw new Error(`${event}: ${JSON.stringify(answer.error)}`);
      }
      await sleep(answer?.error?.retryAfterMs ?? 30);
    }
  }

  /** The same of a request: one that may be repeated. */
  async insistRequest(method, path, body) {
    for (;;) {
      const answer = await this.person.request(method, path, { body }).catch(() => null);
      if (answer?.status < 300) return answer.body;
      if (this.isClosed) throw new Error('closed');
      if (answer?.status < 500)
        throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      await sleep(50);
    }
  }

  async send(chatId, content) {
    const clientMessageId = uniqueKey();
    const ack = await this.insist('send_message', {
      chatId,
      clientMessageId,
      content,
      type: 'text',
    });
    return { chatId, clientMessageId, content, senderId: this.person.id, ...ack };
  }

  edit(chatId, messageId, content) {
    return this.insist('edit_message', { chatId, messageId, content });
  }

  erase(chatId, messageId) {
    return this.insist('delete_message', { chatId, messageId, scope: 'everyone' });
  }
}
