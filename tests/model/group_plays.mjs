// What is done to a group: who is in it, and what it is called.

import assert from 'node:assert/strict';

import * as groups from './group_rules.mjs';
import { chatView } from './views.mjs';

export async function groupDeed(player, action, who, chat) {
  const other = player.world.users[action.other % player.world.users.length];
  const others = action.others.map((each) => player.world.users[each % player.world.users.length]);
  const patch = { title: action.title, historyVisibility: action.historyVisibility };
  const path = `/v1/chats/${chat.id}`;
  const { user } = who;
  const deed = {
    add: () => [
      ['POST', `${path}/members`, { memberIds: others.map(({ id }) => id) }],
      () => groups.add(chat, user, others),
    ],
    remove: () => [
      ['DELETE', `${path}/members/${other.id}`],
      () => groups.remove(chat, user, other),
    ],
    leave: () => [['POST', `${path}/leave`], () => groups.leave(chat, user)],
    setRole: () => [
      ['PATCH', `${path}/members/${other.id}`, { role: action.role }],
      () => groups.setRole(chat, user, other, action.role),
    ],
    handOver: () => [
      ['POST', `${path}/owner`, { userId: other.id }],
      () => groups.handOver(chat, user, other),
    ],
    describe: () => [
      [
        'PATCH',
        path,
        { title: patch.title, settings: { historyVisibility: patch.historyVisibility } },
      ],
      () => groups.describe(chat, user, patch),
    ],
    end: () => [['DELETE', `${path}?scope=everyone`], () => groups.end(chat, user)],
  }[action.deed];
  if (action.deed === 'join') return join(player, action, chat);
  const [rest, foretell] = deed();
  const answer = await player.ask({ door: 'rest' }, who, rest);
  return judgeDeed(player, answer, who, chat, foretell(), action.deed);
}

/** Somebody who leads makes a link, and somebody takes it. */
async function join(player, action, chat) {
  const leader = personOf(
    player,
    chat.members.find(({ role }) => role !== 'member'),
  );
  if (chat.type !== 'group' || !leader) return null;
  const { code } = await leader.person.ask('POST', `/v1/chats/${chat.id}/invites`, {
    maxUses: 1,
  });
  const index = action.other % player.people.length;
  const who = { user: player.world.users[index], person: player.people[index] };
  const answer = await player.ask({ door: 'rest' }, who, ['POST', `/v1/invites/${code}`]);
  const touched = await judgeDeed(player, answer, who, chat, groups.join(chat, who.user), 'join');
  const path = `/v1/chats/${chat.id}/invites/${code}`;
  assert.equal((await leader.person.request('DELETE', path)).status, 204);
  return touched;
}

function personOf(player, state) {
  const index = player.world.users.findIndex((user) => user.id === state?.userId);
  return index < 0 ? null : { user: player.world.users[index], person: player.people[index] };
}

async function judgeDeed(player, answer, who, chat, expected, deed) {
  if (!player.judge(answer, expected)) return null;
  if (expected.message) await learnSystem(player, chat, expected.message);
  if (answer.status === 200) {
    const wanted = deed === 'setRole' ? answer.body : chatView(player.world, chat, who.user);
    assert.deepEqual(answer.body, wanted);
  } else {
    assert.equal(answer.status, 204);
  }
  return chat.members.length > 0 ? chat : null;
}

/** A system message is told by nothing but the chat that it is in. */
async function learnSystem(player, chat, message) {
  const member = personOf(
    player,
    chat.members.find((state) => state.visibleFromSeq <= message.seq),
  );
  if (!member) return;
  const { lastMessagePreview } = await member.person.ask('GET', `/v1/chats/${chat.id}`);
  Object.assign(message, {
    id: lastMessagePreview.messageId,
    createdAt: lastMessagePreview.createdAt,
  });
  chat.updatedAt = message.createdAt;
  for (const state of message.joined ?? []) state.joinedAt = message.createdAt;
}
