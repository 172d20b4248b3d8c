/** One or two letters that stand for a name. Whole characters, so that no emoji is cut. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
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
