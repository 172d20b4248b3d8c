import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { en } from '../../src/i18n/en';
import { filled, preferredLanguage } from '../../src/i18n/i18n.svelte';
import { vi } from '../../src/i18n/vi';

const holes = (sentence: string) => [...sentence.matchAll(/\{\w+\}/g)].map(String).sort();

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const where = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(where);
    return /\.(ts|svelte)$/.test(entry.name) && !where.includes('i18n/')
      ? [readFileSync(where, 'utf8')]
      : [];
  });
}

describe('the sentences', () => {
  test('both languages have the same ones, with the same holes', () => {
    expect(Object.keys(vi).sort()).toEqual(Object.keys(en).sort());
    for (const [key, sentence] of Object.entries(en)) {
      expect(holes(vi[key as keyof typeof vi]), key).toEqual(holes(sentence));
    }
  });

  test('each is said somewhere', () => {
    const text = sources(path.resolve(__dirname, '../../src')).join('\n');
    // Keys that are put together of parts.
    const made = ['tick.', 'role.', 'set.everyone', 'set.contacts', 'set.nobody'];
    const unused = Object.keys(en).filter(
      (key) => !text.includes(`'${key}'`) && !made.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });

  test('holes are filled, and text from outside fills none', () => {
    expect(filled('{a} and {b}', { a: '{b}', b: 'x' })).toBe('{b} and x');
    expect(filled('{a} {unknown}', { a: 1 })).toBe('1 {unknown}');
  });

  test('the language is what was chosen, else what the browser speaks, else English', () => {
    expect(preferredLanguage('vi', ['en-US'])).toBe('vi');
    expect(preferredLanguage(null, ['fr', 'vi-VN', 'en'])).toBe('vi');
    expect(preferredLanguage(null, ['fr'])).toBe('en');
    expect(preferredLanguage('xx', [])).toBe('en');
  });
});
