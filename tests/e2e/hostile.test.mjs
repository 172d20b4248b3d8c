// Nothing that a client sends ends the process: some thousand mutations of valid requests,
// payloads, frames and packets against the sanitizer build; then it still serves, and has let go of
// everything.
import assert from 'node:assert/strict';
import test from 'node:test';

import { asanBinary, eventually, hasAsanBinary, releaseBinary, startServer } from './harness.mjs';
import { register, request } from './people.mjs';
import { seededRandom } from './random.mjs';
import { exchange, frame, httpRequest, upgradeRequest } from './raw.mjs';

const rounds = Number(process.env.KNOTOS_HOSTILE_ROUNDS ?? 2_000);
const atOnce = 20;

/** A few of: bits flipped, bytes replaced, pieces cut, doubled or moved in from nowhere. */
function mutate(bytes, random) {
  let out = Buffer.from(bytes);
  for (let left = 1 + random.below(4); left > 0 && out.length > 0; left -= 1) {
    const at = random.below(out.length);
    const length = 1 + random.below(Math.min(16, out.length - at));
    switch (random.below(6)) {
      case 0:
        out[at] ^= 1 << random.below(8);
        break;
      case 1:
        out[at] = random.pick([0, 0x0a, 0x0d, 0x1e, 0x22, 0x30, 0x7b, 0x7f, 0x80, 0xff]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
        break;
      case 4:
        out = out.subarray(0, at + 1);
        break;
      default:
        out = Buffer.concat([
          out.subarray(0, at),
          Buffer.from(
            random.pick([
              '1e400',
              '-1',
              '[[[[[[',
              '\\ud800',
              '99999999999999999999',
              '{"a":',
              '__proto__',
            ]),
          ),
          out.subarray(at),
        ]);
    }
  }
  return out;
}

/** Valid things to begin from. */
function seeds({ ann, chatId, sid }) {
  const auth = { Authorization: `Bearer ${ann.token}`, 'Content-Type': 'application/json' };
  const message = JSON.stringify({
    chatId,
    type: 'text',
    content: 'hello',
    clientMessageId: 'k-1',
  });
  const websocket = (...texts) =>
    Buffer.concat([upgradeRequest(), ...texts.map((text) => frame(text))]);
  const poll = `/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  const connect = `40${JSON.stringify({ token: ann.token })}`;
  return [
    httpRequest('POST', '/v1/auth/login', {
      headers: { 'Content-Type': 'application/json' },
      body: '{"username":"somebody","password":"wrong horse"}',
    }),
    httpRequest('POST', `/v1/chats/${chatId}/messages`, { headers: auth, body: message }),
    httpRequest('GET', `/v1/chats/${chatId}/messages?limit=10&beforeSeq=5`, { headers: auth }),
    httpRequest('GET', `/v1/chats/${chatId}/changes?sinceRev=1`, { headers: auth }),
    httpRequest('PATCH', `/v1/chats/${chatId}/messages/${chatId}`, {
      headers: auth,
      body: '{"content":"x"}',
    }),
    httpRequest('GET', '/v1/chats?limit=5&filter=all', { headers: auth }),
    httpRequest('GET', '/socket.io/?EIO=4&transport=polling'),
    httpRequest('POST', poll, {
      body: `4${connect.slice(1)}\x1e42["send_message",${message}]\x1eb AAEC`,
    }),
    httpRequest('GET', poll),
    websocket(connect, `421["send_message",${message}]`, '3'),
    websocket(
      connect,
      `42["edit_message",{"chatId":"${chatId}","messageId":"${chatId}","content":"x"}]`,
    ),
    websocket(connect, '451-["x",{"_placeholder":true,"num":0}]', '41', '40{"token":"x"}'),
    websocket('40/other,{"a":1}', '2probe', '5'),
    Buffer.concat([
      upgradeRequest(),
      frame('40', { isFinal: false }),
      frame('{}', { opcode: 0 }),
      frame('x', { opcode: 9 }),
      frame(Buffer.from([3, 232]), { opcode: 8 }),
    ]),
  ];
}

test(`${rounds} mutated requests, frames and packets`, { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}; ${hasAsanBinary() ? 'the sanitizer build' : 'the release build'}`);
  const random = seededRandom(seed);
  const server = await startServer(t, {
    binary: hasAsanBinary() ? asanBinary : releaseBinary,
    flags: [
      '--shards',
      '2',
      '--header-timeout-ms',
      '1000',
      '--body-timeout-ms',
      '1000',
      '--connect-timeout-ms',
      '1000',
      '--ping-interval-ms',
      '1000',
      '--ping-timeout-ms',
      '1000',
    ],
  });
  const ann = await register(server, 'ann');
  const ben = await register(server, 'ben');
  const chatId = await ann.direct(ben);
  const before = server.descriptors();

  for (let done = 0; done < rounds; done += atOnce) {
    const opened = await request(server, 'GET', '/socket.io/?EIO=4&transport=polling');
    const { sid } = JSON.parse(opened.body.slice(1));
    const begin = seeds({ ann, chatId, sid });
    await Promise.all(
      Array.from({ length: atOnce }, () =>
        exchange(server, mutate(random.pick(begin), random), 50 + random.below(100)),
      ),
    );
    assert.ok(server.isRunning, `it ended: ${server.stderr.slice(-4000)}`);
  }

  const socket = await ann.connect(t);
  assert.equal((await socket.send(chatId, 'still here')).ok, true);
  await eventually(
    'descriptors are back near where they were',
    () => server.descriptors() <= before + 10,
    20_000,
  );
  server.assertCleanLog();
});
