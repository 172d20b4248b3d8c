// What Redis says to a subscriber, with messages lost, doubled and out of order: pub/sub promises
// none of the three. Answers to commands stay as they are.

/** The end of the RESP2 value that begins at `at`, or -1 where it is not all there. */
function endOf(bytes, at) {
  const line = bytes.indexOf('\r\n', at);
  if (line < 0) return -1;
  const head = bytes.toString('latin1', at, line);
  const next = line + 2;
  const count = Number(head.slice(1));
  if (head[0] === '$') {
    const end = count < 0 ? next : next + count + 2;
    return end <= bytes.length ? end : -1;
  }
  if (head[0] !== '*') return next;
  let end = next;
  for (let i = 0; i < count && end >= 0; i += 1) end = endOf(bytes, end);
  return end;
}

const isMessage = (value) =>
  /^\*3\r\n\$\d+\r\n(message|smessage)\r\n/.test(value.toString('latin1', 0, 32));

/** A transform for `Proxy.listen`; unruly while `isUnruly()`. `count(what)` hears what it did. */
export function unrulyBus(random, isUnruly, count) {
  let rest = Buffer.alloc(0);
  let held = [];
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const out = [];
    for (let end = endOf(rest, 0); end > 0; end = endOf(rest, 0)) {
      const value = rest.subarray(0, end);
      rest = rest.subarray(end);
      const dice = isUnruly() && isMessage(value) ? random.below(10) : 10;
      if (dice < 2) {
        count('dropped');
      } else if (dice < 4) {
        count('doubled');
        out.push(value, value);
      } else if (dice < 7) {
        count('held back');
        held.push(value);
      } else {
        out.push(value);
      }
    }
    // Later than what came after them.
    if (held.length > 3 || !isUnruly()) {
      out.push(...held);
      held = [];
    }
    return Buffer.concat(out);
  };
}
