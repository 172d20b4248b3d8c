import { io, type Socket } from 'socket.io-client';

import type { Problem } from '../model/types';
import { ApiError, offlineProblem, problemFrom } from './problem';
import type { SessionKeeper } from './session';

export type LinkState = 'connecting' | 'online' | 'offline' | 'draining';

export type Ack<Answer> = ({ ok: true } & Answer) | { ok: false; error: Problem };

export interface LinkParts {
  keeper: SessionKeeper;
  deviceId: string;
  onState(state: LinkState): void;
  /** Where the link stands, if the server says it. */
  onReady(cursor: string | undefined): void;
  /** Everything else that the server says. */
  onEvent(name: string, data: Record<string, unknown>): void;
}

const ackTimeoutMs = 10_000;
const reconnectMs = 500;
const reconnectMostMs = 5_000;

/** The live connection of one account: the official client, with a fresh token for each attempt. */
export class Link {
  state: LinkState = 'connecting';
  #socket: Socket;
  #parts: LinkParts;
  #isClosed = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#socket = io({
      autoConnect: false,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: reconnectMs,
      reconnectionDelayMax: reconnectMostMs,
      auth: (answer) => void this.#authorise(answer),
    });
    this.#listen();
  }

  get isOnline(): boolean {
    return this.state === 'online' || this.state === 'draining';
  }

  open(): void {
    this.#socket.connect();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  /** The network is back, or the tab: do not wait for the next attempt. */
  hurry(): void {
    if (this.#isClosed || this.#socket.connected) return;
    this.#socket.disconnect().connect();
  }

  /** Rejects with an ApiError where no answer came. */
  async ask<Answer extends object>(event: string, fields: object): Promise<Ack<Answer>> {
    if (!this.#socket.connected) throw new ApiError(offlineProblem());
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(ackTimeoutMs).emitWithAck(event, fields);
    } catch {
      throw new ApiError(offlineProblem());
    }
    if (typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true) {
      return answer as { ok: true } & Answer;
    }
    const error = (answer as { error?: unknown } | null)?.error;
    return { ok: false, error: problemFrom(error, 0) };
  }

  /** Says it if anybody listens; what is lost with the link is not worth saying later. */
  tell(event: string, fields: object): void {
    if (this.#socket.connected) this.#socket.emit(event, fields);
  }

  async refreshToken(token: string): Promise<void> {
    if (!this.#socket.connected) return;
    const answer = await this.ask('auth_refresh', { token }).catch(() => null);
    // A link that did not take the token ends when its own expires: better now, and with this one.
    if (answer && !answer.ok) this.#reconnectSoon();
  }

  async #authorise(answer: (payload: object) => void): Promise<void> {
    try {
      const token = await this.#parts.keeper.token();
      answer({ token, deviceId: this.#parts.deviceId });
    } catch {
      // Nobody answers, or the session has ended, which the keeper tells.
      this.#set('offline');
      this.#socket.disconnect();
      this.#reconnectSoon();
    }
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('session_ready', (ready: { cursor?: unknown } | null | undefined) => {
      this.#set('online');
      this.#parts.onReady(typeof ready?.cursor === 'string' ? ready.cursor : undefined);
    });
    socket.on('server_draining', () => this.#set('draining'));
    socket.on('disconnect', (reason) => {
      this.#set('offline');
      // After a DISCONNECT packet the official client does not come back by itself.
      if (reason === 'io server disconnect') this.#reconnectSoon();
    });
    socket.on('connect_error', (error) => void this.#onRefused(error));
    socket.onAny((name: string, data: unknown) => {
      if (name === 'session_ready' || name === 'server_draining') return;
      if (typeof data !== 'object' || data === null) return;
      this.#parts.onEvent(name, data as Record<string, unknown>);
    });
  }

  async #onRefused(error: Error): Promise<void> {
    this.#set('offline');
    if (this.#socket.active) return;
    const problem = problemFrom((error as { data?: unknown }).data, 0);
    if (problem.status === 401) {
      const { keeper } = this.#parts;
      // Ends the session where it cannot be renewed.
      await keeper.renewed(keeper.account.accessToken).catch(() => undefined);
    }
    this.#reconnectSoon(problem.retryAfterMs);
  }

  #reconnectSoon(waitMs = reconnectMostMs / 2): void {
    if (this.#isClosed) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      if (!this.#isClosed) this.#socket.disconnect().connect();
    }, waitMs);
  }

  #set(state: LinkState): void {
    if (this.#isClosed || this.state === state) return;
    this.state = state;
    this.#parts.onState(state);
  }
}
