import type { Problem } from '../model/types';

/** A request that did not succeed: what the server said of it, or what kept it from saying. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.name = 'ApiError';
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }

  get isRetryable(): boolean {
    return this.problem.retryable;
  }
}

/** Codes of our own, for what has no answer of the server's. */
export const codeOffline = 'offline';
export const codeGarbage = 'not-understood';

/** Whatever a server asks for: a timer that is set to more than it can count goes off at once. */
const retryAfterMostMs = 5 * 60_000;

export function patience(ms: number): number {
  return Math.min(Math.max(0, ms), retryAfterMostMs);
}

export function offlineProblem(): Problem {
  return { status: 0, code: codeOffline, retryable: true };
}

/** An answer that is not of this API: of a proxy, or of a server that is broken. */
export function garbageProblem(status: number): Problem {
  const retryable = status < 400 || status >= 500 || status === 429;
  return { status, code: codeGarbage, retryable };
}

/** Whatever came as an error, as a problem. Only what has the right type is believed. */
export function problemFrom(body: unknown, status: number): Problem {
  if (typeof body !== 'object' || body === null) return garbageProblem(status);
  const given = body as Record<string, unknown>;
  if (typeof given['code'] !== 'string') return garbageProblem(status);
  const problem: Problem = {
    status: typeof given['status'] === 'number' ? given['status'] : status,
    code: given['code'],
    retryable: given['retryable'] === true,
  };
  if (typeof given['detail'] === 'string') problem.detail = given['detail'];
  if (typeof given['title'] === 'string') problem.title = given['title'];
  if (typeof given['requestId'] === 'string') problem.requestId = given['requestId'];
  if (typeof given['retryAfterMs'] === 'number') {
    problem.retryAfterMs = patience(given['retryAfterMs']);
  }
  if (Array.isArray(given['errors'])) {
    problem.errors = given['errors'].filter(
      (each) =>
        typeof each === 'object' &&
        each !== null &&
        ['pointer', 'detail'].every((name) => typeof each[name] === 'string'),
    );
  }
  return problem;
}
