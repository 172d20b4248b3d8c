import type { Role } from './types';

const ranks: Record<Role, number> = { owner: 2, admin: 1, member: 0 };

export function memberRank(role: Role): number {
  return ranks[role] ?? 0;
}
