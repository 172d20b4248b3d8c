// Holds every answer, ack and event of a test against openapi.json and asyncapi.json, as the server
// under test serves them. What does not fit fails the test that has started the server. What was
// seen is written down, so that at the end of a whole run nothing described is left unseen.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const segmentPattern = /^{(\w+)}$/;

/** A copy in which objects have no fields but the described ones. The published ones stay open. */
function closed(schema, isPart = false) {
  if (Array.isArray(schema)) return schema.map((each) => closed(each, isPart));
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    copy[key] = key === 'examples' ? value : closed(value, key === 'allOf');
  }
  if (schema.properties && !isPart && !('additionalProperties' in schema)) {
    copy.additionalProperties = false;
  }
  return copy;
}

export function makeAjv() {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  addFormats(ajv);
  ajv.addVocabulary(['example', 'components']);
  return ajv;
}

function resolve(document, node) {
  if (!node?.$ref) return node;
  return node.$ref
    .slice(2)
    .split('/')
    .reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** One description: its schemas compiled, each once. */
class Document {
  #ajv = makeAjv();
  #compiled = new Map();

  constructor(id, json) {
    this.id = id;
    this.json = json;
    this.#ajv.addSchema({ $id: id, components: { schemas: closed(json.components.schemas) } });
  }

  /** What is wrong with `value`; null: nothing. `schema` is part of the document. */
  misfit(schema, value) {
    if (!this.#compiled.has(schema)) {
      const absolute = JSON.parse(
        JSON.stringify(closed(schema)).replaceAll('"$ref":"#', `"$ref":"${this.id}#`),
      );
      this.#compiled.set(schema, this.#ajv.compile(absolute));
    }
    const validate = this.#compiled.get(schema);
    if (validate(value)) return null;
    return this.#ajv.errorsText(validate.errors);
  }
}

export class OpenApi extends Document {
  #templates;

  constructor(json) {
    super('https://knotos.invalid/openapi.json', json);
    this.#templates = Object.keys(json.paths).map((template) => ({
      template,
      segments: template.split('/'),
    }));
  }

  /** `[template, operations]` of a path; constants before parameters, as the router has it. */
  find(pathname) {
    const segments = pathname.split('/');
    const fits = this.#templates.filter(
      (each) =>
        each.segments.length === segments.length &&
        each.segments.every(
          (wanted, i) =>
            wanted === segments[i] || (segmentPattern.test(wanted) && segments[i] !== ''),
        ),
    );
    const plain = (each) => each.segments.filter((segment) => !segmentPattern.test(segment)).length;
    fits.sort((one, other) => plain(other) - plain(one));
    return fits.length > 0 ? [fits[0].template, this.json.paths[fits[0].template]] : null;
  }

  /** `null`, or what is wrong with an answer. */
  answerMisfit(method, pathname, { status, type, headers, body }) {
    const found = this.find(pathname);
    const operation = found?.[1][method.toLowerCase()];
    if (!operation) {
      const wanted = found ? 405 : 404;
      if (status !== wanted) return `an undescribed route answered ${status}, not ${wanted}`;
      return this.misfit(this.json.components.schemas.Problem, body);
    }
    const response = resolve(this.json, operation.responses[status]);
    if (!response) return `the status ${status} is not described`;
    for (const [name, reference] of Object.entries(response.headers ?? {})) {
      const header = resolve(this.json, reference);
      if (header.required && !headers.has(name)) return `without the header ${name}`;
    }
    const content = response.content?.[type];
    if (!response.content) return body === '' ? null : 'a body that is not described';
    if (!content) return `the type ${type} is not described`;
    return this.misfit(content.schema, body);
  }
}

export class AsyncApi extends Document {
  constructor(json) {
    super('https://knotos.invalid/asyncapi.json', json);
  }

  #payload(key) {
    return this.json.components.messages[key]?.payload;
  }

  eventMisfit(name, data) {
    const payload = this.#payload(`${name}_from_server`);
    return payload ? this.misfit(payload, data) : 'the event is not described';
  }

  ackMisfit(event, answer) {
    const payload = this.#payload(`${event}_ack`);
    if (payload) return this.misfit(payload, answer);
    if (answer?.ok !== false) return 'an undescribed event was granted';
    return this.misfit(this.json.components.schemas.Problem, answer.error);
  }

  refusalMisfit(problem) {
    return this.misfit(this.json.components.schemas.Problem, problem);
  }

  /** Names of the events of one direction: `client` or `server`. */
  events(side) {
    const end = `_from_${side}`;
    return Object.keys(this.json.components.messages)
      .filter((key) => key.endsWith(end))
      .map((key) => key.slice(0, -end.length));
  }
}

let documents = null;
const origins = new Set();
const misfits = [];
const seen = new Set();
const plainFetch = globalThis.fetch;

/** Called with each server that starts: what it says of itself is what it is held against. */
export async function learnDescriptions(server) {
  origins.add(server.url);
  if (documents) return;
  const [openapi, asyncapi] = await Promise.all(
    ['/openapi.json', '/asyncapi.json'].map(async (file) =>
      (await plainFetch(server.url + file)).json(),
    ),
  );
  documents = { openapi: new OpenApi(openapi), asyncapi: new AsyncApi(asyncapi) };
}

export function described() {
  return documents;
}

function note(what, misfit, shown) {
  if (misfit) misfits.push(`${what}: ${misfit}\n  ${JSON.stringify(shown)?.slice(0, 600)}`);
}

export function assertAllDescribed() {
  const found = misfits.splice(0);
  assert.equal(found.length, 0, `not as described:\n${found.slice(0, 10).join('\n')}`);
}

async function checkAnswer(method, url, response) {
  const { pathname } = url;
  const type = (response.headers.get('content-type') ?? '').split(';')[0];
  // A body that is cut off is no answer.
  const text = await response.text().catch(() => null);
  if (text === null) return;
  const isJson = type.endsWith('json') && text !== '';
  // The pages of the web client are no part of the API.
  if (!isJson && !documents.openapi.find(pathname)) return;
  const answer = {
    status: response.status,
    type,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
  const template = documents.openapi.find(pathname)?.[0] ?? pathname;
  seen.add(`${method} ${template} ${response.status}`);
  note(
    `${method} ${pathname} ${response.status}`,
    documents.openapi.answerMisfit(method, pathname, answer),
    answer.body,
  );
}

globalThis.fetch = async (input, options) => {
  const response = await plainFetch(input, options);
  const url = new URL(typeof input === 'string' ? input : input.url);
  const method = options?.method ?? 'GET';
  const isOurs = documents && origins.has(url.origin) && !url.pathname.startsWith('/socket.io');
  if (isOurs && method !== 'HEAD' && method !== 'OPTIONS') {
    await checkAnswer(method, url, response.clone());
  }
  return response;
};

/** Watches a socket of socket.io-client: its events, its acks, its refusals. */
export function watched(socket) {
  socket.onAny((name, data) => {
    seen.add(`event ${name}`);
    note(`event ${name}`, documents.asyncapi.eventMisfit(name, data), data);
  });
  socket.on('connect_error', (error) => {
    if (error.data) note('CONNECT_ERROR', documents.asyncapi.refusalMisfit(error.data), error.data);
  });
  const emit = socket.emit.bind(socket);
  socket.emit = (name, ...args) => {
    const answered = args.at(-1);
    if (typeof answered !== 'function') return emit(name, ...args);
    const checked = (...answer) => {
      const ack = answer.at(-1);
      if (ack && !(ack instanceof Error)) {
        seen.add(`ack ${name} ${ack.ok}`);
        note(`the ack of ${name}`, documents.asyncapi.ackMisfit(name, ack), ack);
      }
      answered(...answer);
    };
    checked.withError = answered.withError;
    return emit(name, ...args.slice(0, -1), checked);
  };
  return socket;
}

process.on('exit', () => {
  const folder = process.env.KNOTOS_TEST_SEEN;
  if (!folder || seen.size === 0) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${process.pid}.json`), JSON.stringify([...seen]));
});
