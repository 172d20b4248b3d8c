import { en, type Key, type Sentences } from './en';

export type Language = 'en' | 'vi';
export const languages: { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'vi', name: 'Tiếng Việt' },
];

const storageKey = 'knotos.language';
let current = $state<Language>('en');
let sentences = $state.raw<Sentences>(en);

function isLanguage(text: string | null | undefined): text is Language {
  return text === 'en' || text === 'vi';
}

/** What the user chose here before, else the first language of the browser that is known. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  for (const tag of browser) {
    const code = tag.split('-')[0]?.toLowerCase();
    if (isLanguage(code)) return code;
  }
  return 'en';
}

export async function startLanguage(): Promise<void> {
  const browser = navigator.languages?.length ? navigator.languages : [navigator.language];
  await use(preferredLanguage(localStorage.getItem(storageKey), browser));
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language);
  await use(language);
}

async function use(language: Language): Promise<void> {
  // English is always there; the others are loaded by who needs them.
  sentences = language === 'vi' ? (await import('./vi')).vi : en;
  current = language;
  document.documentElement.lang = language;
}

export function language(): Language {
  return current;
}

/** For dates and numbers: the browser's own variety of the language, such as en-GB. */
export function locale(): string {
  const tags = navigator.languages ?? [navigator.language];
  return tags.find((tag) => tag.split('-')[0]?.toLowerCase() === current) ?? current;
}

export function t(key: Key, fill: Record<string, string | number> = {}): string {
  return filled(sentences[key], fill);
}

export function filled(sentence: string, fill: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in fill ? String(fill[name]) : whole,
  );
}
