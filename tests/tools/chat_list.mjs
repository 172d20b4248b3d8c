// How long the first 50 of 1,000 chats take to list, with 10 and with 1,000 members a chat:
//   node tests/tools/chat_list.mjs
// It prints figures; it is no test, since what they are depends on the machine.

import { readFileSync } from 'node:fs';
import http from 'node:http';

import { startServer } from '../e2e/harness.mjs';
import { register, registerMany } from '../e2e/people.mjs';

const chatCount = Number(process.env.CHATS ?? 1_000);
const memberCounts = (process.env.MEMBERS ?? '10,1000').split(',').map(Number);
const listings = 1_000;
const atOnce = 8;

async function inTurns(count, job) {
  let next = 0;
  const worker = async () => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** What the server has used of the processors: on a busy machine it says more than a clock. */
function processorMilliseconds(server) {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

function list(server, token, agent) {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const headers = { Authorization: `Bearer ${token}` };
    const options = { agent, headers };
    http
      .get(`${server.url}/v1/chats?limit=50`, options, (response) => {
        let bytes = 0;
        response.on('data', (chunk) => {
          bytes += chunk.length;
        });
        response.on('end', () => {
          const milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
          resolve({ milliseconds, bytes, status: response.statusCode });
        });
      })
      .on('error', reject);
  });
}

const endings = [];
const t = { after: (job) => endings.push(job) };
const server = await startServer(t, {
  flags: ['--access-token-life-ms', '86400000'],
});
const others = [];
await inTurns(Math.max(...memberCounts) / 50, async () => {
  others.push(...(await registerMany(server, 50)));
});
for (const members of memberCounts) {
  const owner = await register(server, 'owner');
  const named = others.slice(0, members - 1);
  await inTurns(chatCount, async (i) => {
    const chatId = await owner.group(`Group ${i}`, named);
    await named[i % named.length].post(chatId, `Hello from ${i}`);
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 50; i += 1) await list(server, owner.token, agent);
  const took = [];
  const usedBefore = processorMilliseconds(server);
  for (let i = 0; i < listings; i += 1) {
    const { milliseconds, bytes, status } = await list(server, owner.token, agent);
    if (status !== 200 || bytes < 10_000) throw new Error(`${status}, ${bytes} bytes`);
    took.push(milliseconds);
  }
  const used = (processorMilliseconds(server) - usedBefore) / listings;
  agent.destroy();
  took.sort((one, other) => one - other);
  const at = (share) => took[Math.floor(took.length * share)].toFixed(2);
  console.log(
    `${chatCount} chats of ${members} members, first 50: ` +
      `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms; ` +
      `processor ${used.toFixed(2)} ms each`,
  );
}
for (const job of endings.reverse()) await job();
