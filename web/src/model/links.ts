export interface TextPart {
  text: string;
  /** Where it leads, for a link. */
  href?: string;
}

const candidate = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const closers: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

/** What ends a sentence is not of a link in it; nor is a bracket that the link did not open. */
function trimmed(text: string): string {
  for (;;) {
    const last = text.at(-1);
    if (last === undefined) return text;
    const opener = closers[last];
    const isPunctuation = '.,;:!?…*_~'.includes(last);
    const isUnopened =
      opener !== undefined && text.split(opener).length <= text.slice(0, -1).split(last).length;
    if (!isPunctuation && !isUnopened) return text;
    text = text.slice(0, -1);
  }
}

/** The address if it is one that a click may open: http or https, without a user name in it. */
function safeHref(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return undefined;
  }
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
  return isWeb && url.hostname !== '' && url.username === '' && url.password === ''
    ? url.href
    : undefined;
}

/** Cuts a text into plain runs and links. Together the parts are the text, unchanged. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(candidate)) {
    const found = trimmed(match[0]);
    const href = safeHref(found);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
