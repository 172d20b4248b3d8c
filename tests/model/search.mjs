// Looks for a list of actions on which server and model disagree, and makes it small.

import { writeFileSync } from 'node:fs';

import { seededRandom } from '../e2e/random.mjs';
import { randomAction } from './actions.mjs';
import { Player } from './player.mjs';

const settleEvery = 300;
/** A world that grows for ever is slow to compare: after so many actions a new one begins. */
const actionsOfAWorld = 1500;

/** Plays a list on users of its own. Answers what went wrong, `{error, at}`, or null. */
export async function playAll(server, actions) {
  const player = await Player.open(server);
  try {
    for (const [at, action] of actions.entries()) {
      try {
        await player.play(action);
        if ((at + 1) % settleEvery === 0) await player.settle();
      } catch (error) {
        return { error, at };
      }
    }
    try {
      await player.settle();
    } catch (error) {
      return { error, at: actions.length - 1 };
    }
    return null;
  } finally {
    player.close();
  }
}

/** The smallest list that still fails, as far as `deadline` lets it be found. */
export async function shrink(server, actions, deadline) {
  let smallest = actions;
  for (let size = Math.ceil(smallest.length / 2); size >= 1; ) {
    let hasShrunk = false;
    for (let at = 0; at < smallest.length && Date.now() < deadline; ) {
      const without = [...smallest.slice(0, at), ...smallest.slice(at + size)];
      const failure = without.length > 0 ? await playAll(server, without) : null;
      if (failure) {
        smallest = without.slice(0, failure.at + 1);
        hasShrunk = true;
      } else {
        at += size;
      }
    }
    if (Date.now() >= deadline) break;
    if (size === 1 && !hasShrunk) break;
    size = hasShrunk ? Math.min(size, Math.ceil(smallest.length / 2)) : Math.floor(size / 2);
  }
  return smallest;
}

/**
 * Plays random worlds for `milliseconds`, that of their making not counted. A disagreement is
 * shrunk, written to `failureFile` and thrown.
 */
export async function search(server, { seed, milliseconds, failureFile, say }) {
  const random = seededRandom(seed);
  let left = milliseconds;
  let played = 0;
  do {
    const actions = [];
    const player = await Player.open(server);
    const began = Date.now();
    const deadline = began + left;
    let failure = null;
    try {
      while (actions.length < actionsOfAWorld && Date.now() < deadline) {
        const action = randomAction(random);
        actions.push(action);
        await player.play(action);
        if (actions.length % settleEvery === 0) await player.settle();
      }
      await player.settle();
    } catch (error) {
      failure = error;
    } finally {
      player.close();
    }
    if (failure) await report(server, actions, { failure, seed, failureFile, say });
    played += player.played;
    left -= Date.now() - began;
  } while (left > 0);
  return played;
}

async function report(server, actions, { failure, seed, failureFile, say }) {
  say(`seed ${seed}, action ${actions.length}: ${failure.message}`);
  const smallest = await shrink(server, actions, Date.now() + 60_000);
  writeFileSync(failureFile, JSON.stringify(smallest, null, 1));
  say(`${smallest.length} actions are enough: ./dev model --replay ${failureFile}`);
  for (const action of smallest.slice(-20)) say(JSON.stringify(action));
  throw failure;
}
