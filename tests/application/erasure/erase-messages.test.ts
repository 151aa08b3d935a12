import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { EraseMessages } from '../../../src/application/erasure/erase-messages.ts';
import type { Erased, ErasureCursor, ErasureStep } from '../../../src/application/ports/store.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { hastyTimer, manualTimer } from '../../support/fakes.ts';

const RULE: ErasureRule = { of: 'age', before: timestampFromMicros(5n), keepFrom: [], keepSince: null };
const NOTHING: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };

/** An eraser that erases these numbers of messages step by step, or is busy. */
function steps(...messages: (number | 'busy')[]) {
  const cursors: (ErasureCursor | null)[] = [];
  let left = messages.length;
  const eraseNext = (_rule: ErasureRule, cursor: ErasureCursor | null): Promise<ErasureStep | 'busy'> => {
    cursors.push(cursor);
    const step = messages[messages.length - left--];
    if (step === undefined) throw new Error('asked for more than there is');
    if (step === 'busy') return Promise.resolve('busy');
    return Promise.resolve({
      ...NOTHING,
      messages: step,
      next: left === 0 ? null : { in: 'statuses', after: String(left) },
    });
  };
  return { eraseNext, cursors };
}

describe('EraseMessages', () => {
  it('continues where each step ended, pauses after each but the last, and adds up', async () => {
    let now = 0;
    const eraser = steps(3, 0, 2);
    const slowly: typeof eraser.eraseNext = (...args) => {
      now += 7;
      return eraser.eraseNext(...args);
    };
    const timer = { ...hastyTimer(), elapsed: () => now };
    const progress: number[] = [];
    const erase = new EraseMessages({ eraseNext: slowly }, timer);
    const erased = await erase.execute(RULE, { restFor: 3, onProgress: ({ messages }) => progress.push(messages) });
    expect(erased).toEqual({ ...NOTHING, messages: 5 });
    expect(eraser.cursors).toEqual([null, { in: 'statuses', after: '2' }, { in: 'statuses', after: '1' }]);
    expect(progress).toEqual([3, 3, 5]);
    expect(timer.waits).toEqual([21, 21]);
  });

  it('waits for another eraser, and retries the same step', async () => {
    const eraser = steps(1, 'busy', 'busy', 4);
    const erase = new EraseMessages(eraser, hastyTimer());
    expect(await erase.execute(RULE)).toMatchObject({ messages: 5 });
    expect(eraser.cursors.slice(1)).toEqual(Array.from({ length: 3 }, () => ({ in: 'statuses', after: '3' })));
  });

  it('waits for another eraser at its first step, too', async () => {
    const erase = new EraseMessages(steps('busy', 4), hastyTimer());
    expect(await erase.execute(RULE)).toMatchObject({ messages: 4 });
  });

  it('leaves the work to another eraser if asked', async () => {
    const eraser = steps(1, 'busy', 4);
    const erase = new EraseMessages(eraser, hastyTimer());
    expect(await erase.execute(RULE, { whenBusy: 'leave' })).toMatchObject({ messages: 1 });
    expect(eraser.cursors).toHaveLength(2);
  });

  it.each([false, true])('stops during a pause, aborted at its very start: %s', async (early) => {
    const timer = manualTimer();
    const stop = new AbortController();
    const abort = (): void => {
      stop.abort(new Error('enough'));
    };
    const eraseNext = (): Promise<ErasureStep> => {
      timer.pass(5);
      return Promise.resolve({ ...NOTHING, next: { in: 'statuses', after: '1' } });
    };
    const stopping = new EraseMessages({ eraseNext }, timer).execute(RULE, {
      signal: stop.signal,
      onProgress() {
        if (early) abort();
        else setImmediate(abort);
      },
    });
    await expect(stopping).rejects.toThrow('enough');
    expect(timer.waiting()).toBe(0);
  });

  it('leaves no listener on the signal, however often it pauses', async () => {
    const { signal } = new AbortController();
    await new EraseMessages(steps(1, 2, 3), hastyTimer()).execute(RULE, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('stops between two steps with the reason of the signal', async () => {
    const eraser = steps(1, 2, 3);
    const stop = new AbortController();
    const erase = new EraseMessages(eraser, hastyTimer());
    const stopping = erase.execute(RULE, {
      signal: stop.signal,
      onProgress: ({ messages }) => {
        if (messages === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(stopping).rejects.toThrow('enough');
    expect(eraser.cursors).toHaveLength(2);
  });
});
