// What the server says of itself: valid by the standards it names, true to the server, and with an
// example for everything. That each answer of the other tests fits is checked where they are given.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import asyncapiSpecs from '@asyncapi/specs';
import { Validator } from '@seriousme/openapi-schema-validator';
import AjvDraft7 from 'ajv';
import addFormats from 'ajv-formats';

import { AsyncApi, OpenApi, described, makeAjv } from './described.mjs';
import { projectRoot, startServer } from './harness.mjs';
import { assertProblem, register, request } from './people.mjs';

test('both descriptions are valid by their own standards', async (t) => {
  await startServer(t);
  const { openapi, asyncapi } = described();
  const verdict = await new Validator().validate(structuredClone(openapi.json));
  assert.ok(verdict.valid, JSON.stringify(verdict.errors)?.slice(0, 4000));

  const ajv = new AjvDraft7({ strict: false, allErrors: true });
  addFormats(ajv);
  // Ajv brings its own copy of the meta schema.
  const schema = structuredClone(asyncapiSpecs.schemas['3.0.0']);
  delete schema.definitions['http://json-schema.org/draft-07/schema'];
  const isAsyncApi = ajv.compile(schema);
  assert.ok(isAsyncApi(asyncapi.json), ajv.errorsText(isAsyncApi.errors).slice(0, 4000));
});

test('every example validates, and every schema has one', async (t) => {
  await startServer(t);
  const { openapi, asyncapi } = described();
  for (const document of [openapi, asyncapi]) {
    const { schemas } = document.json.components;
    for (const [name, schema] of Object.entries(schemas)) {
      assert.ok(schema.examples?.length > 0, `${name} has no example`);
      for (const example of schema.examples) {
        assert.equal(document.misfit(schema, example), null, `the example of ${name}`);
      }
    }
    // Shared between the two, so each is used by one of them at least.
    assert.deepEqual(schemas, openapi.json.components.schemas);
  }
  const { examples, responses, parameters } = openapi.json.components;
  for (const [name, response] of Object.entries(responses)) {
    const content = response.content['application/problem+json'];
    for (const code of Object.keys(content.examples)) {
      assert.equal(openapi.misfit(content.schema, examples[code].value), null, `${name}: ${code}`);
    }
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (!('example' in parameter)) continue;
    assert.equal(openapi.misfit(parameter.schema, parameter.example), null, name);
  }
  for (const [name, message] of Object.entries(asyncapi.json.components.messages)) {
    for (const { payload } of message.examples) {
      assert.equal(asyncapi.misfit(message.payload, payload), null, name);
    }
  }
});

test('every described route is there, and wants who it says', async (t) => {
  const server = await startServer(t);
  const { openapi } = described();
  for (const [template, operations] of Object.entries(openapi.json.paths)) {
    const pathname = template.replaceAll(/{\w+}/g, () => randomUUID());
    for (const [method, operation] of Object.entries(operations)) {
      const answer = await request(server, method.toUpperCase(), pathname);
      const what = `${method} ${template}: ${answer.status}`;
      if (operation.security) assert.ok(![401, 404, 405].includes(answer.status), what);
      else assertProblem(answer.body, 401, 'unauthenticated');
    }
    const options = await fetch(server.url + pathname, { method: 'OPTIONS' });
    const allowed = options.headers.get('allow').split(', ');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      assert.equal(
        allowed.includes(method),
        method.toLowerCase() in operations,
        `${method} ${template}`,
      );
    }
  }
});

test('every described event is there, and every event that is there is described', async (t) => {
  const server = await startServer(t);
  const ann = await (await register(server, 'ann')).connect(t);
  const { asyncapi } = described();
  const unknown = await ann.ask('no_such_event', {});
  assertProblem(unknown.error, 422, 'validation-failed');
  const names = asyncapi.events('client');
  assert.ok(names.length > 0);
  for (const name of names) {
    const ack = await ann.ask(name, 5);
    assert.notEqual(ack.error?.detail, unknown.error.detail, name);
  }

  // What the gateway listens to and emits, by its source.
  const folder = path.join(projectRoot, 'src/gateway');
  const source = readdirSync(folder)
    .filter((name) => name.endsWith('.cpp'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
  const heard = [...source.matchAll(/\bhandle\("(\w+)"/g)].map((match) => match[1]);
  assert.deepEqual([...new Set(heard)].sort(), [...names].sort());
  const told = new Set(asyncapi.events('server'));
  for (const [, name] of source.matchAll(/\bemit\(\s*"(\w+)"/g)) {
    assert.ok(told.has(name), `the event ${name} is not described`);
  }
});

test('the check finds what does not fit', async (t) => {
  await startServer(t);
  const { openapi, asyncapi } = described();
  const headers = new Headers({ 'x-request-id': 'x' });
  const answer = (body, more = {}) => ({
    status: 200,
    type: 'application/json',
    headers,
    body,
    ...more,
  });
  const version = { name: 'knotos', version: '1' };
  const misfit = (...args) => openapi.answerMisfit('GET', '/version', answer(...args));
  assert.equal(misfit(version), null);
  assert.match(misfit({ ...version, surprise: 1 }), /additional properties/);
  assert.match(misfit({ name: 'knotos' }), /version/);
  assert.match(misfit(version, { status: 201 }), /201 is not described/);
  assert.match(misfit(version, { type: 'text/html' }), /text\/html/);
  assert.match(misfit(version, { headers: new Headers() }), /X-Request-Id/);
  assert.match(openapi.answerMisfit('GET', '/nowhere', answer({})), /undescribed route/);
  assert.match(asyncapi.eventMisfit('no_such_event', {}), /not described/);
  assert.match(asyncapi.eventMisfit('session_revoked', {}), /reason/);
  assert.match(asyncapi.ackMisfit('edit_message', { ok: true, rev: -1 }), /rev/);
  assert.ok(new OpenApi(openapi.json) && new AsyncApi(asyncapi.json) && makeAjv());
});
