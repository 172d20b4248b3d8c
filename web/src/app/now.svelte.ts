const stepMs = 30_000;
let current = $state(Date.now());

setInterval(() => {
  current = Date.now();
}, stepMs);

/** The time, for what is drawn from it: it moves by itself, a step at a time. */
export function now(): number {
  return current;
}
