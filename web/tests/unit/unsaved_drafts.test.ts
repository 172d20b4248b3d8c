import { describe, expect, test } from 'vitest';

import { UnsavedDrafts } from '../../src/store/unsaved_drafts';

class FakeStorage {
  #items = new Map<string, string>();
  isFull = false;

  get length() {
    return this.#items.size;
  }
  key = (index: number) => [...this.#items.keys()][index] ?? null;
  getItem = (key: string) => this.#items.get(key) ?? null;
  setItem = (key: string, value: string) => {
    if (this.isFull) throw new Error('full');
    this.#items.set(key, value);
  };
  removeItem = (key: string) => void this.#items.delete(key);
  clear = () => this.#items.clear();
}

describe('drafts that the server does not have', () => {
  test('are there after a reload, each account its own', () => {
    const storage = new FakeStorage();
    new UnsavedDrafts('ann', storage).put('c', 'half a thought');
    new UnsavedDrafts('ann', storage).put('d', '');
    expect(new UnsavedDrafts('ann', storage).all()).toEqual([
      ['c', 'half a thought'],
      ['d', ''],
    ]);
    expect(new UnsavedDrafts('ben', storage).all()).toEqual([]);
  });

  test('stay while a newer one is there than what was saved', () => {
    const drafts = new UnsavedDrafts('ann', new FakeStorage());
    drafts.put('c', 'another one');
    drafts.settle('c', 'half a thought');
    expect(drafts.all()).toEqual([['c', 'another one']]);
    drafts.settle('c', 'another one');
    expect(drafts.all()).toEqual([]);
  });

  test('of one account go without those of another', () => {
    const storage = new FakeStorage();
    const ann = new UnsavedDrafts('ann', storage);
    const ben = new UnsavedDrafts('ben', storage);
    for (const drafts of [ann, ben]) for (const chatId of 'cde') drafts.put(chatId, chatId);
    ann.remove('d');
    ann.clear();
    expect(ann.all()).toEqual([]);
    expect(ben.all()).toHaveLength(3);
  });

  test('do not break what is typed when there is no room', () => {
    const storage = new FakeStorage();
    storage.isFull = true;
    expect(() => new UnsavedDrafts('ann', storage).put('c', 'text')).not.toThrow();
    expect(new UnsavedDrafts('ann', undefined).all()).toEqual([]);
  });
});
