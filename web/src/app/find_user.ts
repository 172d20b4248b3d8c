import type { User } from '../model/types';
import type { Client } from './client.svelte';

/** Whoever has exactly this username; a leading @ is how people write it. */
export async function findUser(client: Client, typed: string): Promise<User | undefined> {
  const username = typed.trim().replace(/^@/, '').toLowerCase();
  const page = await client.api.findUsers(username);
  const found = page.data.find((user) => user.username === username);
  if (found) client.people.learn(found);
  return found;
}

/** Comma separated usernames as users; the first that nobody has is named. */
export async function findUsers(
  client: Client,
  typed: string,
): Promise<{ users: User[]; unknown?: string }> {
  const names = [...new Set(typed.split(/[,;\s]+/).filter(Boolean))];
  const users: User[] = [];
  for (const name of names) {
    const user = await findUser(client, name);
    if (!user) return { users, unknown: name };
    if (user.id !== client.ownId) users.push(user);
  }
  return { users };
}
