import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Erasures, undoMs } from '../../src/app/erasures.svelte';
import { ApiError, offlineProblem } from '../../src/net/problem';
import { KeptErasures } from '../../src/store/kept_erasures';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeStorage(kept = new Map<string, string>()) {
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

function page(storage = fakeStorage()) {
  const erase = vi.fn(async (_chatId: string, _messageId: string): Promise<void> => {});
  const onRefused = vi.fn();
  const store = new KeptErasures('ann', storage);
  const erasures = new Erasures({ store, erase, onRefused, now: () => Date.now() });
  return { erasures, erase, onRefused, store };
}

describe('a deletion', () => {
  test('is shown at once, and done when nobody took it back', async () => {
    const { erasures, erase, store } = page();
    erasures.begin('chat', 'm1');
    expect(erasures.has('m1')).toBe(true);
    expect(erase).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(erase.mock.calls).toEqual([['chat', 'm1']]);
    expect(erasures.has('m1')).toBe(false);
    expect(store.all()).toEqual([]);
  });

  test('that was taken back is never done', async () => {
    const { erasures, erase } = page();
    erasures.begin('chat', 'm1');
    erasures.undo('m1');
    expect(erasures.has('m1')).toBe(false);
    await vi.advanceTimersByTimeAsync(10 * undoMs);
    await erasures.flush();
    erasures.repeat();
    await vi.advanceTimersByTimeAsync(10 * undoMs);
    expect(erase).not.toHaveBeenCalled();
  });

  test('is done before the page goes, and only once', async () => {
    const { erasures, erase } = page();
    erasures.begin('chat', 'm1');
    erasures.begin('chat', 'm1');
    await erasures.flush();
    await vi.advanceTimersByTimeAsync(10 * undoMs);
    expect(erase).toHaveBeenCalledTimes(1);
  });

  test('cannot be taken back while the server is told', async () => {
    const { erasures, erase } = page();
    let answer = () => {};
    erase.mockImplementation(() => new Promise<void>((resolve) => (answer = resolve)));
    erasures.begin('chat', 'm1');
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(erasures.mayUndo('m1')).toBe(false);
    expect(erasures.has('m1')).toBe(true);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(erasures.has('m1')).toBe(false);
  });

  test('of a page that went before the answer came is told again by the next', async () => {
    const storage = fakeStorage();
    const first = page(storage);
    first.erase.mockImplementation(() => new Promise(() => {}));
    first.erasures.begin('chat', 'm1');
    void first.erasures.flush();

    const next = page(storage);
    next.erasures.repeat();
    expect(next.erasures.has('m1')).toBe(true);
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(next.erase.mock.calls).toEqual([['chat', 'm1']]);
    expect(next.store.all()).toEqual([]);
  });

  test('waits for the link where the server cannot be reached', async () => {
    const { erasures, erase, onRefused } = page();
    erase.mockRejectedValueOnce(new ApiError(offlineProblem()));
    erasures.begin('chat', 'm1');
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(erasures.has('m1')).toBe(true);
    erasures.repeat();
    await vi.advanceTimersByTimeAsync(0);
    expect(erase).toHaveBeenCalledTimes(2);
    expect(erasures.has('m1')).toBe(false);
    expect(onRefused).not.toHaveBeenCalled();
  });

  test('that the server refuses is shown as not done, and told', async () => {
    const { erasures, erase, onRefused, store } = page();
    const refusal = new ApiError({ status: 403, code: 'forbidden', retryable: false });
    erase.mockRejectedValueOnce(refusal);
    erasures.begin('chat', 'm1');
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(erasures.has('m1')).toBe(false);
    expect(onRefused).toHaveBeenCalledWith(refusal);
    expect(store.all()).toEqual([]);
  });

  test('that another tab took back is not done by this one', async () => {
    const storage = fakeStorage();
    const [one, other] = [page(storage), page(storage)];
    one.erasures.begin('chat', 'm1');
    other.erasures.repeat();
    one.erasures.undo('m1');
    await vi.advanceTimersByTimeAsync(10 * undoMs);
    expect(one.erase).not.toHaveBeenCalled();
    expect(other.erase).not.toHaveBeenCalled();
    expect(other.erasures.has('m1')).toBe(false);
  });

  test('is done without a storage too, and garbage in one is nothing', async () => {
    const full = () => {
      throw new Error('full');
    };
    const { erasures, erase } = page({ ...fakeStorage(), setItem: full });
    erasures.begin('chat', 'm1');
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(erase).toHaveBeenCalledTimes(1);
    for (const garbage of ['{', 'null', '[null, 1, {"chatId": "c"}]']) {
      const storage = { ...fakeStorage(), getItem: () => garbage };
      expect(new KeptErasures('ann', storage).all()).toEqual([]);
    }
  });
});
