// Users as a test sees them: accounts, REST requests in their name, and their sockets.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { io } from 'socket.io-client';

import { watched } from './described.mjs';
import { contentMark, eventually, passwordMark } from './harness.mjs';

let peopleSoFar = 0;
const uniquePart = randomBytes(3).toString('hex');

export function uniqueName(base = 'user') {
  peopleSoFar += 1;
  return `${base}_${uniquePart}_${peopleSoFar}`;
}

/** Message text that the log must not hold. */
export function words(text) {
  return `${contentMark} ${text}`;
}

let keysSoFar = 0;
export function uniqueKey() {
  keysSoFar += 1;
  return `key-${uniquePart}-${keysSoFar}`;
}

/** `{status, headers, body}`; `body` is parsed where it is JSON. */
export async function request(server, method, path, { token, body, raw, headers = {} } = {}) {
  const hasBody = body !== undefined || raw !== undefined;
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(hasBody ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text ? JSON.parse(text) : text,
  };
}

/** A problem object of the expected kind, complete as RFC 9457 and the API ask. */
export function assertProblem(problem, status, code, pointers) {
  assert.equal(problem?.code, code, JSON.stringify(problem));
  assert.equal(problem.status, status);
  assert.equal(problem.type, `urn:knotos:problem:${code}`);
  assert.equal(typeof problem.title, 'string');
  assert.equal(typeof problem.retryable, 'boolean');
  if (pointers) {
    assert.deepEqual(problem.errors.map((error) => error.pointer).sort(), [...pointers].sort());
    for (const error of problem.errors) assert.equal(typeof error.code, 'string');
  }
}

export function assertRefused(answer, status, code, pointers) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assertProblem(answer.body, status, code, pointers);
  assert.equal(answer.body.requestId, answer.headers.get('x-request-id'));
}

/** A signed-in device of a user. */
export class Person {
  constructor(server, session, password) {
    this.server = server;
    this.password = password;
    this.adopt(session);
    this.id = session.user.id;
    this.username = session.user.username;
  }

  adopt(session) {
    this.deviceId = session.deviceId;
    this.token = session.accessToken;
    this.refreshToken = session.refreshToken;
    this.server.keepSecret(session.accessToken);
    this.server.keepSecret(session.refreshToken);
  }

  request(method, path, options = {}) {
    return request(this.server, method, path, { token: this.token, ...options });
  }

  /** A request that must succeed; answers its body. */
  async ask(method, path, body) {
    const answer = await this.request(method, path, { body });
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async group(title, others) {
    const chat = await this.ask('POST', '/v1/chats', {
      type: 'group',
      title,
      memberIds: others.map((person) => person.id),
    });
    return chat.id;
  }

  async direct(other) {
    return (await this.ask('POST', '/v1/chats', { type: 'direct', userId: other.id })).id;
  }

  post(chatId, content, more = {}) {
    return this.ask('POST', `/v1/chats/${chatId}/messages`, { type: 'text', content, ...more });
  }

  /** All of a chat's history, page by page, ascending. */
  async history(chatId, limit = 100) {
    const all = [];
    for (let before = ''; ; ) {
      const page = await this.ask(
        'GET',
        `/v1/chats/${chatId}/messages?limit=${limit}${before && `&beforeSeq=${before}`}`,
      );
      all.unshift(...page.data);
      if (!page.page.hasMore) return all;
      assert.ok(page.data.length > 0, 'a page that has more is not empty');
      before = page.data[0].seq;
    }
  }

  changes(chatId, sinceRev, limit = 100) {
    return this.ask('GET', `/v1/chats/${chatId}/changes?sinceRev=${sinceRev}&limit=${limit}`);
  }

  /** The same user on another device. */
  async anotherDevice() {
    const session = await request(this.server, 'POST', '/v1/auth/login', {
      body: { username: this.username, password: this.password },
    });
    assert.equal(session.status, 200, JSON.stringify(session.body));
    return new Person(this.server, session.body, this.password);
  }

  connect(t, options) {
    return connect(t, this.server, { token: this.token }, options);
  }
}

export async function register(server, name) {
  const password = `${passwordMark}-${randomBytes(4).toString('hex')}`;
  const answer = await request(server, 'POST', '/v1/auth/register', {
    body: { username: uniqueName(name), password },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return new Person(server, answer.body, password);
}

export function registerMany(server, count) {
  return Promise.all(Array.from({ length: count }, () => register(server)));
}

/** A socket.io-client socket that remembers every event, in order. */
export class Connection {
  events = [];

  constructor(socket) {
    this.socket = socket;
    socket.onAny((name, ...args) => this.events.push({ name, data: args[0], args }));
    socket.on('disconnect', (reason) => this.events.push({ name: 'disconnect', data: reason }));
  }

  of(name) {
    return this.events.filter((event) => event.name === name).map((event) => event.data);
  }

  /** The data of the first such event, had or to come. */
  async heard(name, fits = () => true, timeout = 10_000) {
    const found = await eventually(
      `the event ${name}`,
      () => this.events.find((event) => event.name === name && fits(event.data)),
      timeout,
    );
    return found.data;
  }

  /** The ack of an event. */
  ask(name, fields) {
    return this.socket.timeout(10_000).emitWithAck(name, fields);
  }

  send(chatId, content, more = {}) {
    return this.ask('send_message', { chatId, content, type: 'text', ...more });
  }

  messages(chatId) {
    return this.of('new_message').filter((message) => message.chatId === chatId);
  }
}

export function openSocket(t, server, auth, options = {}) {
  const socket = watched(io(server.url, { auth, forceNew: true, reconnection: false, ...options }));
  t.after(() => socket.disconnect());
  return socket;
}

/** Connected, and told so by `session_ready`. */
export async function connect(t, server, auth, options) {
  const connection = new Connection(openSocket(t, server, auth, options));
  let refusal = null;
  connection.socket.on('connect_error', (error) => {
    refusal = error;
  });
  await eventually('session_ready', () => {
    if (refusal) throw refusal;
    return connection.of('session_ready').length > 0;
  });
  return connection;
}

/** The CONNECT_ERROR that a socket with this `auth` gets. */
export function connectError(t, server, auth) {
  return new Promise((resolve, reject) => {
    const socket = openSocket(t, server, auth);
    socket.on('connect_error', resolve);
    socket.on('connect', () => reject(new Error('it was admitted')));
  });
}
