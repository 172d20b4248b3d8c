import type {
  Acquaintance,
  Changes,
  Chat,
  ChatUserState,
  Device,
  HistoryPage,
  Member,
  Message,
  Page,
  Problem,
  Receipt,
  Role,
  Session,
  SingleReaction,
  User,
} from '../model/types';
import { isChat, isMessage, isProof, isSync, isUser } from '../model/shapes';
import { request, type Fetch, type RequestOptions } from './http';
import { ApiError, garbageProblem } from './problem';

export interface TokenSource {
  /** A token that is good for a while. Rejects where the session has ended or nobody answers. */
  token(): Promise<string>;
  /** After the server has refused a token that looked good. */
  renewed(refused: string): Promise<string>;
}

export interface SyncAnswer {
  cursor: string;
  hasMore: boolean;
  chats: ChatDigest[];
  changes: PrivateChange[];
  receipts: Receipt[];
}

export interface ChatDigest {
  chatId: string;
  lastRev: number;
  lastSeq: number;
  lastReadSeq: number;
  unreadCount: number;
}

/** Only what differs from what was said to be held. */
interface Proof {
  chats?: ChatDigest[];
  notThere?: string[];
}

/** In the form of its live event, whose name is `event`. */
export type PrivateChange = Record<string, unknown> & { event: string };

export interface Invite {
  code: string;
  expiresAt: string | null;
  maxUses: number | null;
  uses: number;
  createdAt: string;
}

/** Each chat that was forwarded to: a receipt, or why not. */
interface Forwarded {
  data: { chatId: string; messageId?: string; error?: Problem }[];
}

const refreshTimeoutMs = 120_000;

const id = encodeURIComponent;

const garbage = () => new ApiError(garbageProblem(200));

function checked<Answer>(answer: Answer, is: (value: unknown) => boolean): Answer {
  if (!is(answer)) throw garbage();
  return answer;
}

export function register(fetch: Fetch, username: string, password: string): Promise<Session> {
  return request(fetch, 'POST', '/v1/auth/register', { body: { username, password } });
}

export function login(fetch: Fetch, username: string, password: string): Promise<Session> {
  return request(fetch, 'POST', '/v1/auth/login', { body: { username, password } });
}

/** An answer that is given up or lost signs the device out, so its ways are made short and safe. */
export async function refresh(fetch: Fetch, refreshToken: string): Promise<Session> {
  // A network that answers nothing is found out by a request that costs nothing.
  await request(fetch, 'GET', '/version');
  return request(fetch, 'POST', '/v1/auth/refresh', {
    body: { refreshToken },
    // It outlives the page, and a slow server.
    keepalive: true,
    timeoutMs: refreshTimeoutMs,
  });
}

/** REST as one account. Every method rejects with an ApiError. */
export class Api {
  constructor(
    private fetch: Fetch,
    private tokens: TokenSource,
  ) {}

  async call<Answer>(
    method: string,
    path: string,
    body?: unknown,
    more: RequestOptions = {},
  ): Promise<Answer> {
    const options: RequestOptions = body === undefined ? more : { ...more, body };
    const token = await this.tokens.token();
    try {
      return await request<Answer>(this.fetch, method, path, { ...options, token });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const next = await this.tokens.renewed(token);
      return request<Answer>(this.fetch, method, path, { ...options, token: next });
    }
  }

  version = () => this.call<{ version: string }>('GET', '/version');

  /** A list; an answer that is none, or that has something else in it, is not passed on. */
  async list<Answer extends { data: unknown[] }>(
    path: string,
    isItem: (item: unknown) => boolean = (item) => typeof item === 'object' && item !== null,
  ): Promise<Answer> {
    const answer = await this.call<Answer>('GET', path);
    if (!Array.isArray(answer.data)) throw garbage();
    if (!answer.data.every(isItem)) throw garbage();
    return answer;
  }

  async #chat(method: string, path: string, body?: unknown): Promise<Chat> {
    return checked(await this.call<Chat>(method, path, body), isChat);
  }

  async #user(method: string, path: string, body?: unknown): Promise<User> {
    return checked(await this.call<User>(method, path, body), isUser);
  }

  async #message(...parameters: Parameters<typeof this.call>): Promise<Message> {
    return checked(await this.call<Message>(...parameters), isMessage);
  }

  me = () => this.#user('GET', '/v1/me');
  changeMe = (fields: { displayName?: string }) => this.#user('PATCH', '/v1/me', fields);
  deleteMe = (password: string) => this.call<void>('DELETE', '/v1/me', { password });
  changePrivacy = (fields: object) => this.call<unknown>('PATCH', '/v1/me/privacy', fields);
  user = (userId: string) => this.#user('GET', `/v1/users/${id(userId)}`);
  findUsers = (prefix: string) =>
    this.list<Page<User>>(`/v1/users?q=${id(prefix)}&limit=10`, isUser);

  sessions = () => this.list<Page<Device>>('/v1/auth/sessions');
  endSession = (deviceId: string) => this.call<void>('DELETE', `/v1/auth/sessions/${id(deviceId)}`);
  logout = () => this.call<void>('POST', '/v1/auth/logout', {});

  blocks = () => this.list<Page<Acquaintance>>('/v1/blocks?limit=100');
  block = (userId: string) => this.call<void>('PUT', `/v1/blocks/${id(userId)}`);
  unblock = (userId: string) => this.call<void>('DELETE', `/v1/blocks/${id(userId)}`);

  chats = (filter: 'all' | 'archived', cursor?: string) =>
    this.list<Page<Chat>>(
      `/v1/chats?limit=100&filter=${filter}${cursor ? `&cursor=${id(cursor)}` : ''}`,
      isChat,
    );
  chat = (chatId: string) => this.#chat('GET', `/v1/chats/${id(chatId)}`);
  createDirect = (userId: string) => this.#chat('POST', '/v1/chats', { type: 'direct', userId });
  createGroup = (title: string, memberIds: string[], clientChatId: string) =>
    this.#chat('POST', '/v1/chats', { type: 'group', title, memberIds, clientChatId });
  changeChat = (chatId: string, fields: Record<string, unknown>) =>
    this.#chat('PATCH', `/v1/chats/${id(chatId)}`, fields);
  deleteChat = (chatId: string, scope?: 'everyone') =>
    this.call<void>('DELETE', `/v1/chats/${id(chatId)}${scope ? `?scope=${scope}` : ''}`);
  changeState = (chatId: string, fields: Partial<ChatUserState>) =>
    this.call<ChatUserState>('PATCH', `/v1/chats/${id(chatId)}/state`, fields);

  members = (chatId: string, cursor?: string) =>
    this.list<Page<Member>>(
      `/v1/chats/${id(chatId)}/members?limit=100${cursor ? `&cursor=${id(cursor)}` : ''}`,
    );
  addMembers = (chatId: string, memberIds: string[]) =>
    this.call<unknown>('POST', `/v1/chats/${id(chatId)}/members`, { memberIds });
  changeRole = (chatId: string, userId: string, role: Role) =>
    this.call<unknown>('PATCH', `/v1/chats/${id(chatId)}/members/${id(userId)}`, { role });
  removeMember = (chatId: string, userId: string) =>
    this.call<void>('DELETE', `/v1/chats/${id(chatId)}/members/${id(userId)}`);
  leave = (chatId: string) => this.call<void>('POST', `/v1/chats/${id(chatId)}/leave`, {});
  changeOwner = (chatId: string, userId: string) =>
    this.call<unknown>('POST', `/v1/chats/${id(chatId)}/owner`, { userId });
  invites = (chatId: string) => this.list<Page<Invite>>(`/v1/chats/${id(chatId)}/invites`);
  createInvite = (chatId: string) =>
    this.call<Invite>('POST', `/v1/chats/${id(chatId)}/invites`, {});
  revokeInvite = (chatId: string, code: string) =>
    this.call<void>('DELETE', `/v1/chats/${id(chatId)}/invites/${id(code)}`);
  acceptInvite = (code: string) => this.#chat('POST', `/v1/invites/${id(code)}`, {});

  history = (
    chatId: string,
    where: { beforeSeq?: number; afterSeq?: number; aroundSeq?: number } = {},
    limit = 50,
  ) => {
    const query = Object.entries(where).map(([name, seq]) => `&${name}=${seq}`);
    return this.list<HistoryPage>(
      `/v1/chats/${id(chatId)}/messages?limit=${limit}${query.join('')}`,
      isMessage,
    );
  };
  message = (chatId: string, messageId: string) =>
    this.#message('GET', `/v1/chats/${id(chatId)}/messages/${id(messageId)}`);
  changes = (chatId: string, sinceRev: number) =>
    this.list<Changes>(`/v1/chats/${id(chatId)}/changes?sinceRev=${sinceRev}&limit=100`, isMessage);
  edit = (chatId: string, messageId: string, content: string, baseVersion?: number) =>
    this.#message('PATCH', `/v1/chats/${id(chatId)}/messages/${id(messageId)}`, {
      content,
      ...(baseVersion !== undefined && { baseVersion }),
    });
  /** Outlives the page: who deletes and leaves has deleted. */
  erase = (chatId: string, messageId: string, scope: 'everyone' | 'me') =>
    this.#message(
      'DELETE',
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}?scope=${scope}`,
      undefined,
      { keepalive: true },
    );
  forward = async (chatId: string, messageId: string, to: string, clientMessageId: string) => {
    const where = `/v1/chats/${id(chatId)}/messages/${id(messageId)}/forward`;
    const body = { chatIds: [to], clientMessageId };
    const { data } = await this.call<Forwarded>('POST', where, body);
    const refusal = data[0]?.error;
    if (refusal) throw new ApiError(refusal);
  };
  reactions = (chatId: string, messageId: string, cursor?: string) =>
    this.list<Page<SingleReaction>>(
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}/reactions?limit=100` +
        (cursor ? `&cursor=${id(cursor)}` : ''),
    );
  react = (chatId: string, messageId: string, emoji: string, isOn: boolean) =>
    this.#message(
      isOn ? 'PUT' : 'DELETE',
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}/reactions/${id(emoji)}`,
    );
  pin = (chatId: string, messageId: string, isOn: boolean) =>
    this.#message(isOn ? 'PUT' : 'DELETE', `/v1/chats/${id(chatId)}/messages/${id(messageId)}/pin`);

  /** Without a cursor: where all chats stand now. */
  sync = async (cursor?: string): Promise<SyncAnswer> => {
    const where = `/v1/sync${cursor ? `?cursor=${id(cursor)}` : ''}`;
    return checked(await this.call<SyncAnswer>('GET', where), isSync);
  };
  verify = async (known: Record<string, number>): Promise<Proof> =>
    checked(await this.call<Proof>('POST', '/v1/sync/verify', { known }), isProof);
}
