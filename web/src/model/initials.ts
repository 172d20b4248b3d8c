/** One or two letters that stand for a name. Whole characters, so that no emoji is cut. */
export function initialsOf(name: string): string {
  const all = name.trim().split(/\s+/u).filter(Boolean);
  // What stands in brackets or quotes is no part of the name, unless there is nothing else.
  const named = all.filter((word) => /^[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const words = named.length > 0 ? named : all;
  const first = (word: string | undefined) =>
    word ? ([...new Intl.Segmenter().segment(word)][0]?.segment ?? '') : '';
  const letters = words.length > 1 ? first(words[0]) + first(words.at(-1)) : first(words[0]);
  return letters.toLocaleUpperCase();
}

/** One of `count`, always the same for an id. */
export function hueOf(id: string, count: number): number {
  let hash = 2166136261;
  for (const character of id) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 16777619);
  }
  return (hash >>> 0) % count;
}
