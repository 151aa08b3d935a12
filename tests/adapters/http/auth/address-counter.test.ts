import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { addressCounter } from '../../../../src/adapters/http/auth/address-counter.ts';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

describe('a count by address', () => {
  it('takes so many in a minute, then says how long that still lasts, in whole seconds', async () => {
    const counter = addressCounter(3, 10);
    const counts = [await counter.count('a'), await counter.count('a'), await counter.count('a')];
    expect(counts).toEqual([null, null, null]);
    expect(await counter.count('a')).toBe(60);
    await jest.advanceTimersByTimeAsync(58_999);
    expect(await counter.count('a')).toBe(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await counter.count('a')).toBe(1); // of 1 ms: never 0, which would mean at once
    await jest.advanceTimersByTimeAsync(1);
    expect(await counter.count('a')).toBeNull();
  });

  it('is of each address by itself', async () => {
    const counter = addressCounter(1, 10);
    expect([await counter.count('a'), await counter.count('b')]).toEqual([null, null]);
    expect([await counter.count('a'), await counter.count('b')]).toEqual([60, 60]);
  });

  it('can be asked what the next would come to', async () => {
    const counter = addressCounter(2, 10);
    expect(await counter.peek('a')).toBeNull();
    await counter.count('a');
    expect([await counter.peek('a'), await counter.peek('a')]).toEqual([null, null]);
    await counter.count('a');
    expect([await counter.peek('a'), await counter.peek('a')]).toEqual([60, 60]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await counter.peek('a')).toBeNull();
  });

  it('goes on for those whose minute began last, when there are too many', async () => {
    const counter = addressCounter(1, 3);
    for (const address of ['a', 'b', 'c']) await counter.count(address);
    await counter.count('d'); // takes the place of a
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((address) => counter.peek(address)))).toEqual([null, 60, 60, 60]);
  });

  it('takes an address whose minute is over and begins anew for a new one', async () => {
    const counter = addressCounter(1, 2);
    await counter.count('a');
    await jest.advanceTimersByTimeAsync(30_000);
    await counter.count('b');
    await jest.advanceTimersByTimeAsync(30_000);
    await counter.count('a'); // anew: now b is the oldest
    await counter.count('c');
    expect(await Promise.all(['a', 'b', 'c'].map((address) => counter.peek(address)))).toEqual([60, null, 60]);
  });

  it('holds no more than it may, of however many addresses', async () => {
    const counter = addressCounter(1, 100);
    for (let i = 0; i < 10_000; i++) await counter.count(`address ${String(i)}`);
    // One timer for each address that is counted: the library's own, and so the number that it really holds.
    expect(jest.getTimerCount()).toBe(100);
  });
});
