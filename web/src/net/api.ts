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
  User,
} from '../model/types';
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

const id = encodeURIComponent;

export function register(fetch: Fetch, username: string, password: string): Promise<Session> {
  return request(fetch, 'POST', '/v1/auth/register', { body: { username, password } });
}

export function login(fetch: Fetch, username: string, password: string): Promise<Session> {
  return request(fetch, 'POST', '/v1/auth/login', { body: { username, password } });
}

export function refresh(fetch: Fetch, refreshToken: string): Promise<Session> {
  // It outlives the page: a rotation whose answer is lost would sign the device out.
  return request(fetch, 'POST', '/v1/auth/refresh', { body: { refreshToken }, keepalive: true });
}

/** REST as one account. Every method rejects with an ApiError. */
export class Api {
  constructor(
    private fetch: Fetch,
    private tokens: TokenSource,
  ) {}

  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const options: RequestOptions = body === undefined ? {} : { body };
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
  /** A list; an answer that is none is not passed on. */
  async list<Answer extends { data: unknown[] }>(path: string): Promise<Answer> {
    const answer = await this.call<Answer>('GET', path);
    if (!Array.isArray(answer.data)) throw new ApiError(garbageProblem(200));
    return answer;
  }

  me = () => this.call<User>('GET', '/v1/me');
  changeMe = (fields: { displayName?: string }) => this.call<User>('PATCH', '/v1/me', fields);
  deleteMe = (password: string) => this.call<void>('DELETE', '/v1/me', { password });
  changePrivacy = (fields: object) => this.call<unknown>('PATCH', '/v1/me/privacy', fields);
  user = (userId: string) => this.call<User>('GET', `/v1/users/${id(userId)}`);
  findUsers = (prefix: string) => this.list<Page<User>>(`/v1/users?q=${id(prefix)}&limit=10`);

  sessions = () => this.list<Page<Device>>('/v1/auth/sessions');
  endSession = (deviceId: string) => this.call<void>('DELETE', `/v1/auth/sessions/${id(deviceId)}`);
  logout = () => this.call<void>('POST', '/v1/auth/logout', {});

  blocks = () => this.list<Page<Acquaintance>>('/v1/blocks?limit=100');
  block = (userId: string) => this.call<void>('PUT', `/v1/blocks/${id(userId)}`);
  unblock = (userId: string) => this.call<void>('DELETE', `/v1/blocks/${id(userId)}`);

  chats = (filter: 'all' | 'archived', cursor?: string) =>
    this.list<Page<Chat>>(
      `/v1/chats?limit=100&filter=${filter}${cursor ? `&cursor=${id(cursor)}` : ''}`,
    );
  chat = (chatId: string) => this.call<Chat>('GET', `/v1/chats/${id(chatId)}`);
  createDirect = (userId: string) =>
    this.call<Chat>('POST', '/v1/chats', { type: 'direct', userId });
  createGroup = (title: string, memberIds: string[], clientChatId: string) =>
    this.call<Chat>('POST', '/v1/chats', { type: 'group', title, memberIds, clientChatId });
  changeChat = (chatId: string, fields: Record<string, unknown>) =>
    this.call<Chat>('PATCH', `/v1/chats/${id(chatId)}`, fields);
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
  acceptInvite = (code: string) => this.call<Chat>('POST', `/v1/invites/${id(code)}`, {});

  history = (
    chatId: string,
    where: { beforeSeq?: number; afterSeq?: number; aroundSeq?: number } = {},
    limit = 50,
  ) => {
    const query = Object.entries(where).map(([name, seq]) => `&${name}=${seq}`);
    return this.list<HistoryPage>(
      `/v1/chats/${id(chatId)}/messages?limit=${limit}${query.join('')}`,
    );
  };
  message = (chatId: string, messageId: string) =>
    this.call<Message>('GET', `/v1/chats/${id(chatId)}/messages/${id(messageId)}`);
  changes = (chatId: string, sinceRev: number) =>
    this.list<Changes>(`/v1/chats/${id(chatId)}/changes?sinceRev=${sinceRev}&limit=100`);
  edit = (chatId: string, messageId: string, content: string, baseVersion?: number) =>
    this.call<Message>('PATCH', `/v1/chats/${id(chatId)}/messages/${id(messageId)}`, {
      content,
      ...(baseVersion !== undefined && { baseVersion }),
    });
  erase = (chatId: string, messageId: string, scope: 'everyone' | 'me') =>
    this.call<Message>(
      'DELETE',
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}?scope=${scope}`,
    );
  forward = async (chatId: string, messageId: string, to: string, clientMessageId: string) => {
    const where = `/v1/chats/${id(chatId)}/messages/${id(messageId)}/forward`;
    const body = { chatIds: [to], clientMessageId };
    const { data } = await this.call<Forwarded>('POST', where, body);
    const refusal = data[0]?.error;
    if (refusal) throw new ApiError(refusal);
  };
  react = (chatId: string, messageId: string, emoji: string, isOn: boolean) =>
    this.call<Message>(
      isOn ? 'PUT' : 'DELETE',
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}/reactions/${id(emoji)}`,
    );
  pin = (chatId: string, messageId: string, isOn: boolean) =>
    this.call<Message>(
      isOn ? 'PUT' : 'DELETE',
      `/v1/chats/${id(chatId)}/messages/${id(messageId)}/pin`,
    );

  /** Without a cursor: where all chats stand now. */
  sync = (cursor?: string) =>
    this.call<SyncAnswer>('GET', `/v1/sync${cursor ? `?cursor=${id(cursor)}` : ''}`);
  verify = (known: Record<string, number>) =>
    this.call<{ chats: ChatDigest[]; notThere?: string[] }>('POST', '/v1/sync/verify', { known });
}
