import { describe, expect, test } from 'vitest';

import { VirtualList } from '../../src/model/virtual_list';
import { seeded } from './fake_chat';

const keysOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `m${from + index}`);

describe('the geometry of a long list', () => {
  test('draws a window, and the rest is space', () => {
    const list = new VirtualList({ guess: 50, overscan: 100 });
    list.setKeys(keysOf(0, 10_000));
    const window = list.windowAt(250_000, 800);
    expect(list.height).toBe(500_000);
    expect(window.to - window.from).toBeLessThan(30);
    const drawn = (window.to - window.from) * 50;
    expect(window.before + drawn + window.after).toBe(500_000);
    expect(window.before).toBeLessThanOrEqual(250_000 - 100);
    expect(window.before + drawn).toBeGreaterThanOrEqual(250_800 + 100);
  });

  test('an empty list has no window', () => {
    const list = new VirtualList();
    expect(list.windowAt(0, 500)).toEqual({ from: 0, to: 0, before: 0, after: 0 });
    expect(list.anchorAt(0)).toBeNull();
  });

  test('what is in view stays where it is while rows come above and heights are learned', () => {
    const random = seeded(7);
    const list = new VirtualList({ guess: 50 });
    list.setKeys(keysOf(500, 600));
    list.measure([['m510', 120]]);
    const scrollTop = 777;
    const anchor = list.anchorAt(scrollTop)!;
    const keys = keysOf(400, 600);
    list.setKeys(keys);
    list.measure(keys.map((key) => [key, 20 + Math.floor(random() * 200)]));
    const next = list.scrollTopOf(anchor)!;
    expect(list.anchorAt(next)).toEqual(anchor);
  });

  test('rows that move do not hold the view', () => {
    const list = new VirtualList({ guess: 50 });
    list.setKeys(['day', 'm1', 'm2']);
    expect(list.anchorAt(10, (key) => key !== 'day')).toEqual({ key: 'm1', offset: -40 });
    expect(list.anchorAt(10, () => false)).toEqual({ key: 'day', offset: 10 });
  });

  test('an anchor that is gone has no place', () => {
    const list = new VirtualList();
    list.setKeys(['a']);
    expect(list.scrollTopOf({ key: 'b', offset: 0 })).toBeNull();
  });

  test('measuring again changes nothing', () => {
    const list = new VirtualList();
    list.setKeys(['a', 'b']);
    expect(list.measure([['a', 10]])).toBe(true);
    expect(list.measure([['a', 10]])).toBe(false);
    expect(list.topOf('b')).toBe(10);
    expect(list.heightOf('a')).toBe(10);
  });

  test('every height finds its row', () => {
    const random = seeded(3);
    const list = new VirtualList();
    const keys = keysOf(0, 300);
    list.setKeys(keys);
    list.measure(keys.map((key) => [key, 1 + Math.floor(random() * 99)]));
    for (let y = 0; y < list.height; y += 13) {
      const key = keys[list.indexAt(y)]!;
      expect(list.topOf(key)).toBeLessThanOrEqual(y);
      expect(list.topOf(key) + list.heightOf(key)).toBeGreaterThan(y);
    }
  });
});
