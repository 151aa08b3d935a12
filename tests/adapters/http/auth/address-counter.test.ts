import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { addressCounter } from '../../../../src/adapters/http/auth/address-counter.ts';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

describe('a counter per address', () => {
  it('accepts up to the limit in a minute, then says how long to wait, in whole seconds', async () => {
    const counter = addressCounter(3, 10);
    const counts = [await counter.count('a'), await counter.count('a'), await counter.count('a')];
    expect(counts).toEqual([null, null, null]);
    expect(await counter.count('a')).toBe(60);
    await jest.advanceTimersByTimeAsync(58_999);
    expect(await counter.count('a')).toBe(2);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await counter.count('a')).toBe(1); // of 1 ms: never 0, which would mean immediately
    await jest.advanceTimersByTimeAsync(1);
    expect(await counter.count('a')).toBeNull();
  });

  it('counts each address separately', async () => {
    const counter = addressCounter(1, 10);
    expect([await counter.count('a'), await counter.count('b')]).toEqual([null, null]);
    expect([await counter.count('a'), await counter.count('b')]).toEqual([60, 60]);
  });

  it('reports the next count without counting', async () => {
    const counter = addressCounter(2, 10);
    expect(await counter.peek('a')).toBeNull();
    await counter.count('a');
    expect([await counter.peek('a'), await counter.peek('a')]).toEqual([null, null]);
    await counter.count('a');
    expect([await counter.peek('a'), await counter.peek('a')]).toEqual([60, 60]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await counter.peek('a')).toBeNull();
  });

  it('keeps the counts of the addresses whose minute began last, when there are too many', async () => {
    const counter = addressCounter(1, 3);
    for (const address of ['a', 'b', 'c']) await counter.count(address);
    await counter.count('d'); // replaces a
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((address) => counter.peek(address)))).toEqual([null, 60, 60, 60]);
  });

  it('accepts an address whose minute is over, and starts a new minute', async () => {
    const counter = addressCounter(1, 2);
    await counter.count('a');
    await jest.advanceTimersByTimeAsync(30_000);
    await counter.count('b');
    await jest.advanceTimersByTimeAsync(30_000);
    await counter.count('a'); // a new minute: now b is the oldest
    await counter.count('c');
    expect(await Promise.all(['a', 'b', 'c'].map((address) => counter.peek(address)))).toEqual([60, null, 60]);
  });

  it('holds no more than its limit of addresses', async () => {
    const counter = addressCounter(1, 100);
    for (let i = 0; i < 10_000; i++) await counter.count(`address ${String(i)}`);
    // One timer for each counted address: the library's own, and therefore the number that it really holds.
    expect(jest.getTimerCount()).toBe(100);
  });
});
