// HTTP by hand: what is sent and what comes back, to the byte.

import assert from 'node:assert/strict';

import { Connection } from './bytes.mjs';

const lineEnd = '\r\n';

export function requestBytes(method, target, { headers = {}, body = '' } = {}) {
  const bytes = Buffer.from(body);
  const fields = Array.isArray(headers) ? headers : Object.entries(headers);
  const names = fields.map(([name]) => name.toLowerCase());
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!names.includes('host')) lines.push('Host: localhost');
  for (const [name, value] of fields) lines.push(`${name}: ${value}`);
  const hasLength = names.includes('content-length') || names.includes('transfer-encoding');
  if (!hasLength && (bytes.length > 0 || method === 'POST')) {
    lines.push(`Content-Length: ${bytes.length}`);
  }
  const head = lines.join(lineEnd) + lineEnd + lineEnd;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

export class Response {
  constructor(head) {
    const [first, ...lines] = head.toString('latin1').trimEnd().split(lineEnd);
    this.version = first.slice(0, 8);
    this.status = Number(first.slice(9, 12));
    this.reason = first.slice(13);
    this.fields = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    this.body = Buffer.alloc(0);
  }

  /** The value, undefined if there is none; several are joined. */
  header(name) {
    const found = this.fields.filter(([each]) => each.toLowerCase() === name.toLowerCase());
    return found.length > 0 ? found.map(([, value]) => value).join(', ') : undefined;
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** The next response. Null: the peer closed without one. */
export async function readResponse(connection, { isHead = false, limit } = {}) {
  const head = await connection.through('\r\n\r\n', limit);
  if (head === null) return null;
  const response = new Response(head);
  if (response.status === 100) return readResponse(connection, { isHead, limit });
  const hasBody = response.status >= 200 && response.status !== 204 && !isHead;
  if (!hasBody) return response;
  const length = response.header('content-length');
  assert.ok(length !== undefined, 'a response says how long it is');
  response.body = await connection.exactly(Number(length), limit);
  return response;
}

/** One request on a connection of its own. `connection` is there at once, to cut it. */
export function begin(server, method, target, options = {}) {
  const pending = { connection: null };
  const run = async () => {
    pending.connection = await Connection.open(server);
    pending.connection.write(requestBytes(method, target, options));
    const response = await readResponse(pending.connection, {
      isHead: method === 'HEAD',
      limit: options.limit,
    });
    if (response?.status !== 101) pending.connection.destroy();
    return response;
  };
  pending.response = run();
  return pending;
}

export function request(server, method, target, options) {
  return begin(server, method, target, options).response;
}

export function assertFault(response, status, code, message) {
  assert.equal(response?.status, status);
  assert.equal(response.header('content-type'), 'application/json');
  assert.deepEqual(response.json, { code, message });
}

export const unknownSession = [400, 1, 'Session ID unknown'];

export function assertEmpty(response, status) {
  assert.equal(response?.status, status);
  assert.equal(response.body.length, 0);
}
