// Bad input by both doors, over every route and event: each field missing, of the wrong type, too
// long, out of range, of another user's chat. The table is what the server says of itself: whatever
// a schema forbids is tried, and must be refused with a pointer to it, and change nothing.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';

import { described } from './described.mjs';
import { startServer } from './harness.mjs';
import { assertProblem, register, uniqueName } from './people.mjs';

const values = [5, -1.5, true, 'nonsense', ['nonsense'], [5], { some: 'thing' }];

function typeOf(value) {
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return value === null ? 'null' : typeof value;
}

/** A schema without references, and with its parts taken together. */
function plain(document, schema) {
  if (schema.$ref) {
    return plain(document, document.json.components.schemas[schema.$ref.split('/').at(-1)]);
  }
  if (!schema.allOf) return schema;
  const { allOf, ...rest } = schema;
  return Object.assign({}, ...allOf.map((part) => plain(document, part)), rest);
}

function isString(schema) {
  return [schema.type].flat().includes('string') || typeof (schema.enum ?? [])[0] === 'string';
}

/** `[value, pointer, what]` for values of the right type that the schema forbids. */
function* beyondLimits(schema, pointer) {
  if (isString(schema)) {
    if (schema.maxLength) yield ['x'.repeat(schema.maxLength + 1), pointer, 'too long'];
    if (schema.minLength) yield ['', pointer, 'empty'];
    if (schema.minLength > 1) yield ['x'.repeat(schema.minLength - 1), pointer, 'too short'];
    if (schema.pattern || schema.format || schema.enum) {
      const made = ['', 'not this!', '\u{1F600}'.repeat(40), 'x'.repeat(2_000)];
      for (const text of made) yield [text, pointer, 'malformed'];
    }
  }
  if (schema.const !== undefined) yield ['not this', pointer, 'another constant'];
  if (schema.minimum !== undefined) yield [schema.minimum - 1, pointer, 'too small'];
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) {
    yield [schema.maximum + 1, pointer, 'too large'];
  }
  if (schema.type === 'integer') yield [schema.minimum + 0.5, pointer, 'no whole number'];
}

/** `[value, pointer, what]`: everything that this schema forbids at `pointer`. */
function* misfits(document, source, value, pointer) {
  const schema = plain(document, source);
  const isFitting = (candidate) => document.misfit(source, candidate) === null;
  for (const candidate of values) {
    const types = [schema.type ?? typeOf(schema.const ?? schema.enum?.[0])].flat();
    const isOfType =
      types.includes(typeOf(candidate)) ||
      (types.includes('number') && typeof candidate === 'number');
    if (!isOfType && !isFitting(candidate)) yield [candidate, pointer, 'the wrong type'];
  }
  for (const each of beyondLimits(schema, pointer)) if (!isFitting(each[0])) yield each;
  if (schema.type === 'array') {
    if (schema.maxItems !== undefined && schema.maxItems <= 200) {
      yield [Array.from({ length: schema.maxItems + 1 }, () => randomUUID()), pointer, 'too many'];
    }
    if (schema.maxItems !== 0) {
      for (const [item, where, what] of misfits(
        document,
        schema.items,
        value?.[0],
        `${pointer}/0`,
      )) {
        yield [[item], where, what];
      }
    }
  }
  if (schema.properties) yield* fieldMisfits(document, schema, value, pointer);
  if (typeof schema.additionalProperties === 'object') {
    const id = randomUUID();
    const item = schema.additionalProperties;
    for (const [bad, , what] of misfits(document, item, undefined, '')) {
      yield [{ [id]: bad }, `${pointer}/${id}`, what];
    }
    yield [{ nope: 1 }, `${pointer}/nope`, 'no id for a name'];
  }
}

/** Of an object: each field missing, and each field's own misfits. */
function* fieldMisfits(document, schema, object, pointer) {
  for (const [name, part] of Object.entries(schema.properties)) {
    const { [name]: before, ...without } = object;
    const at = `${pointer}/${name}`;
    if (schema.required.includes(name)) {
      yield [without, at, 'missing'];
      yield [{ ...object, [name]: null }, at, 'null'];
    }
    for (const [value, where, what] of misfits(document, part, before, at)) {
      yield [{ ...object, [name]: value }, where, what];
    }
  }
}

/** Good fields: as the example has them, but of this world. */
function goodFields(document, schema, world) {
  const { properties, examples } = plain(document, schema);
  const fields = {};
  for (const [name, part] of Object.entries(properties)) {
    const own = world.fields[name];
    fields[name] = own ?? examples?.[0]?.[name] ?? plain(document, part).examples?.[0];
    if (fields[name] === undefined || fields[name] === null) delete fields[name];
  }
  return fields;
}

/** The objects that a request may be, one by one. */
function variants(document, schema) {
  const { oneOf } = plain(document, schema);
  return oneOf ? oneOf.flatMap((each) => variants(document, each)) : [schema];
}

async function makeWorld(t, server) {
  const [ann, ben, cat] = [
    await register(server, 'ann'),
    await register(server, 'ben'),
    await register(server, 'cat'),
  ];
  const chatId = await ann.group('The group', [ben]);
  await ann.direct(ben);
  const { messageId } = await ann.post(chatId, 'the one message');
  await ben.post(chatId, 'an answer', { replyToMessageId: messageId });
  const fields = {
    chatId,
    messageId,
    replyToMessageId: messageId,
    userId: ben.id,
    userIds: [ben.id],
    memberIds: [ben.id],
    mentions: [ben.id],
    attachments: [],
    deviceId: ann.deviceId,
    username: uniqueName('new'),
    cursor: undefined,
    token: ann.token,
    refreshToken: 'not-a-token-of-anybody',
    type: undefined,
  };
  return { server, ann, ben, cat, chatId, messageId, fields };
}

/** All that could have changed. */
async function snapshot({ ann, ben, chatId }) {
  const read = (person, path) => person.ask('GET', path);
  return JSON.stringify([
    await Promise.all([ann, ben].map((person) => read(person, '/v1/chats?limit=100'))),
    await ann.history(chatId),
    await ann.changes(chatId, 0),
    await Promise.all([ann, ben].map((person) => read(person, '/v1/me'))),
    await Promise.all(['/v1/contacts', '/v1/blocks', '/v1/unread'].map((path) => read(ann, path))),
    (await read(ann, '/v1/auth/sessions')).data.map((device) => device.id).sort(),
  ]);
}

function pathOf(template, world, replaced = {}) {
  return template.replaceAll(/{(\w+)}/g, (_, name) =>
    encodeURIComponent(replaced[name] ?? world.fields[name] ?? world.path?.[name] ?? randomUUID()),
  );
}

function assertRefused(problem, pointer, shown) {
  assert.equal(problem?.code, 'validation-failed', `${shown}: ${JSON.stringify(problem)}`);
  assertProblem(problem, 422, 'validation-failed');
  const pointers = problem.errors.map((error) => error.pointer);
  assert.deepEqual([...new Set(pointers)], [pointer], `${shown}: ${JSON.stringify(problem)}`);
}

const shorten = (value) => JSON.stringify(value)?.slice(0, 160);

function routes() {
  const { openapi } = described();
  return Object.entries(openapi.json.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      template,
      operation,
      parameters: (operation.parameters ?? []).map(
        ({ $ref }) => openapi.json.components.parameters[$ref.split('/').at(-1)],
      ),
      body: operation.requestBody?.content['application/json'].schema,
    })),
  );
}

test('every field of every body', { timeout: 400_000 }, async (t) => {
  const world = await makeWorld(t, await startServer(t));
  const { openapi } = described();
  const before = await snapshot(world);
  let cases = 0;
  for (const { method, template, body } of routes()) {
    if (!body) continue;
    const path = pathOf(template, world);
    const send = (options) => world.ann.request(method, path, options);
    for (const variant of variants(openapi, body)) {
      const schema = plain(openapi, variant);
      const good = goodFields(openapi, variant, world);
      for (const [bad, pointer, what] of fieldMisfits(openapi, schema, good, '')) {
        const answer = await send({ body: bad });
        assertRefused(answer.body, pointer, `${method} ${template} ${what}: ${shorten(bad)}`);
        cases += 1;
      }
    }
    for (const raw of ['[]', '5', '"text"', 'null']) {
      assertRefused((await send({ raw })).body, '', `${method} ${template} ${raw}`);
    }
    for (const raw of ['', '{', '{"a":1}x', '\u0001']) {
      assertProblem((await send({ raw })).body, 400, 'malformed-json');
    }
    const headers = { 'Content-Type': 'text/plain' };
    assertProblem((await send({ raw: '{}', headers })).body, 415, 'unsupported-media');
    assert.equal(await snapshot(world), before, `${method} ${template} changed something`);
  }
  t.diagnostic(`${cases} cases`);
});

test('every parameter of every path and query', { timeout: 400_000 }, async (t) => {
  const world = await makeWorld(t, await startServer(t));
  const { openapi } = described();
  const before = await snapshot(world);
  for (const { method, template, operation, parameters, body } of routes()) {
    const good = body && goodFields(openapi, variants(openapi, body)[0], world);
    const ask = (path) => world.ann.request(method, path, { body: good });
    const needed = parameters.filter((each) => each.in === 'query' && each.required);
    const withNeeded = (name, query) => {
      const all = needed.filter((each) => each.name !== name).map((each) => [each.name, '0']);
      return new URLSearchParams([...all, ...query]);
    };
    for (const { name, in: place, required, schema } of parameters) {
      const shown = `${method} ${template} ${name}`;
      if (place === 'query') {
        if (required)
          assertRefused(
            (await ask(`${pathOf(template, world)}?${withNeeded(name, [])}`)).body,
            `/${name}`,
            shown,
          );
        for (const [value] of beyondLimits(plain(openapi, schema), '')) {
          if (openapi.misfit(schema, value) === null) continue;
          const query = withNeeded(name, [[name, value]]);
          const answer = await ask(`${pathOf(template, world)}?${query}`);
          assertRefused(answer.body, `/${name}`, `${shown}=${value}`);
        }
        continue;
      }
      const isId = plain(openapi, schema).format === 'uuid';
      if (isId) {
        const malformed = await ask(
          `${pathOf(template, world, { [name]: 'nope' })}?${withNeeded('', [])}`,
        );
        assertRefused(malformed.body, `/${name}`, `${shown} malformed`);
      }
      if (!isId && name !== 'code') continue;
      const unknown = await ask(
        `${pathOf(template, world, { [name]: randomUUID() })}?${withNeeded('', [])}`,
      );
      const isAbsentFine = unknown.status < 300 && method === 'DELETE';
      if (!isAbsentFine) {
        assert.ok(operation.responses[404], `${shown} describes no 404`);
        assertProblem(unknown.body, 404, 'not-found');
      }
    }
    assert.equal(await snapshot(world), before, `${method} ${template} changed something`);
  }
});

test('every field of every event', { timeout: 400_000 }, async (t) => {
  const world = await makeWorld(t, await startServer(t));
  const { asyncapi } = described();
  const socket = await world.ann.connect(t);
  const before = await snapshot(world);
  let cases = 0;
  for (const event of asyncapi.events('client')) {
    const { payload } = asyncapi.json.components.messages[`${event}_from_client`];
    for (const variant of variants(asyncapi, payload)) {
      const schema = plain(asyncapi, variant);
      const good = goodFields(asyncapi, variant, world);
      for (const [bad, pointer, what] of fieldMisfits(asyncapi, schema, good, '')) {
        const ack = await socket.ask(event, bad);
        assert.equal(ack.ok, false, `${event} ${what}: ${shorten(bad)}`);
        assertRefused(ack.error, pointer, `${event} ${what}: ${shorten(bad)}`);
        cases += 1;
      }
    }
    // Where no field is needed, no argument is either.
    const needsFields = plain(asyncapi, payload).required?.length !== 0;
    for (const args of [...(needsFields ? [[]] : []), [null], ['text'], [5], [[]]]) {
      const ack = await socket.socket.timeout(30_000).emitWithAck(event, ...args);
      assert.equal(ack.ok, false, `${event} with ${shorten(args)}`);
      assertProblem(ack.error, 422, 'validation-failed');
    }
    assert.equal(await snapshot(world), before, `${event} changed something`);
  }
  t.diagnostic(`${cases} cases`);
});

test('an outsider is answered as if there were no such chat', { timeout: 400_000 }, async (t) => {
  const world = await makeWorld(t, await startServer(t));
  const { openapi, asyncapi } = described();
  const before = await snapshot(world);
  const withoutId = ({ requestId, detail, ...problem }) => problem;
  for (const { method, template, body, parameters } of routes()) {
    if (!template.includes('{chatId}')) continue;
    const query = parameters
      .filter((each) => each.in === 'query' && each.required)
      .map((each) => [each.name, '0']);
    const good = body && goodFields(openapi, variants(openapi, body)[0], world);
    const ask = (replaced) =>
      world.cat.request(
        method,
        `${pathOf(template, world, replaced)}?${new URLSearchParams(query)}`,
        {
          body: good,
        },
      );
    const [outside, nowhere] = [await ask({}), await ask({ chatId: randomUUID() })];
    assert.equal(outside.status, 404, `${method} ${template}: ${JSON.stringify(outside.body)}`);
    assert.deepEqual(withoutId(outside.body), withoutId(nowhere.body));
  }
  const socket = await world.cat.connect(t);
  for (const event of asyncapi.events('client')) {
    const { payload } = asyncapi.json.components.messages[`${event}_from_client`];
    const good = goodFields(asyncapi, variants(asyncapi, payload)[0], world);
    if (!('chatId' in good)) continue;
    const outside = await socket.ask(event, good);
    const nowhere = await socket.ask(event, { ...good, chatId: randomUUID() });
    assertProblem(outside.error, 404, 'not-found');
    assert.deepEqual(withoutId(outside.error), withoutId(nowhere.error), event);
  }
  assert.equal(await snapshot(world), before);
});
