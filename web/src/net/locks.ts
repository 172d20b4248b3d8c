import { openLeases } from '../store/leases';

/** Runs a job while no other tab of this browser runs one under the same name. */
export type WithLock = <Value>(name: string, job: () => Promise<Value>) => Promise<Value>;

/**
 * Web Locks where the browser has them, which is in secure contexts; elsewhere, such as on plain
 * http in a home network, leases in IndexedDB, whose transactions exclude each other over tabs.
 */
export const withLock: WithLock = (name, job) => {
  if (globalThis.navigator?.locks) {
    return navigator.locks.request(`knotos:${name}`, job) as ReturnType<typeof job>;
  }
  return withLease(name, job);
};

const leaseMs = 30_000;
const renewMs = 10_000;
const pollMs = 100;

export async function withLease<Value>(name: string, job: () => Promise<Value>): Promise<Value> {
  const leases = await openLeases();
  const owner = `${Date.now()}-${Math.random()}`;
  while (!(await leases.take(name, owner, Date.now(), leaseMs))) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const renewal = setInterval(() => void leases.take(name, owner, Date.now(), leaseMs), renewMs);
  try {
    return await job();
  } finally {
    clearInterval(renewal);
    await leases.release(name, owner);
  }
}
