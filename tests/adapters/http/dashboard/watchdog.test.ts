import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { watchdog } from '../../../../src/adapters/http/browser/dashboard/watchdog.js';

describe('a watchdog', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('aborts after a silence, which starts again with each sign of life', () => {
    const watched = watchdog(1_000, new AbortController().signal);
    for (let i = 0; i < 3; i++) {
      jest.advanceTimersByTime(999);
      watched.heard();
    }
    jest.advanceTimersByTime(999);
    expect(watched.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(watched.signal.aborted).toBe(true);
  });

  it('aborts with the other signal, and leaves nothing behind when it is stopped', () => {
    const outer = new AbortController();
    const [watched, stopped] = [watchdog(1_000, outer.signal), watchdog(1_000, outer.signal)];
    stopped.stop();
    expect([jest.getTimerCount(), getEventListeners(outer.signal, 'abort').length]).toEqual([1, 1]);
    outer.abort();
    expect([watched.signal.aborted, stopped.signal.aborted]).toEqual([true, false]);
  });
});
