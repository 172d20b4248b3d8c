import { ApiError, garbageProblem, offlineProblem, patience, problemFrom } from './problem';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RequestOptions {
  body?: unknown;
  token?: string | undefined;
  signal?: AbortSignal;
  /** The answer outlives the page, where the browser can. */
  keepalive?: boolean;
  timeoutMs?: number;
}

const requestTimeoutMs = 20_000;

/**
 * One request. Resolves with the body of a success (undefined for 204); rejects with an ApiError
 * for everything else, whatever the answer looks like.
 */
export async function request<Answer>(
  fetch: Fetch,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.token) headers['Authorization'] = `Bearer ${options.token}`;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), options.timeoutMs ?? requestTimeoutMs);
  options.signal?.addEventListener('abort', () => timeout.abort(), { once: true });
  try {
    return await answerOf<Answer>(
      await fetch(path, {
        method,
        headers,
        signal: timeout.signal,
        cache: 'no-store',
        credentials: 'omit',
        ...(options.keepalive && { keepalive: true }),
        ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
      }),
    );
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(offlineProblem());
  } finally {
    clearTimeout(timer);
  }
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  if (response.status === 204) return undefined as Answer;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError(withRetryAfter(response, garbageProblem(response.status)));
  }
  if (!response.ok) {
    throw new ApiError(withRetryAfter(response, problemFrom(body, response.status)));
  }
  if (typeof body !== 'object' || body === null)
    throw new ApiError(garbageProblem(response.status));
  return body as Answer;
}

function withRetryAfter<Kind extends { retryAfterMs?: number }>(
  response: Response,
  problem: Kind,
): Kind {
  const seconds = Number(response.headers.get('Retry-After'));
  if (problem.retryAfterMs === undefined && seconds > 0) {
    problem.retryAfterMs = patience(seconds * 1000);
  }
  return problem;
}
