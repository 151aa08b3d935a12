import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { EraseMessages } from '../../../src/application/erasure/erase-messages.ts';
import type { Erased, ErasureCursor, ErasureStep } from '../../../src/application/ports/store.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';

const RULE: ErasureRule = { of: 'age', before: timestampFromMicros(5n), keepFrom: [], keepSince: null };
const NOTHING: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };

/** An eraser that erases so many messages in each step, or is busy for a 'busy'. */
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
  it('goes on where each step ended, rests after each but the last, and adds up', async () => {
    const eraser = steps(3, 0, 2);
    const rests: number[] = [];
    const told: number[] = [];
    const erase = new EraseMessages(eraser, (ms) => Promise.resolve(void rests.push(ms)));
    const erased = await erase.execute(RULE, { restFor: 1e9, onProgress: ({ messages }) => told.push(messages) });
    expect(erased).toEqual({ ...NOTHING, messages: 5 });
    expect(eraser.cursors).toEqual([null, { in: 'statuses', after: '2' }, { in: 'statuses', after: '1' }]);
    expect(told).toEqual([3, 3, 5]);
    expect(rests.map((ms) => ms > 1_000)).toEqual([true, true]);
  });

  it('waits for another eraser, and tries the same step again', async () => {
    const eraser = steps(1, 'busy', 'busy', 4);
    const erase = new EraseMessages(eraser, () => Promise.resolve());
    expect(await erase.execute(RULE)).toMatchObject({ messages: 5 });
    expect(eraser.cursors.slice(1)).toEqual(Array.from({ length: 3 }, () => ({ in: 'statuses', after: '3' })));
  });

  it('also at its first step', async () => {
    const erase = new EraseMessages(steps('busy', 4), () => Promise.resolve());
    expect(await erase.execute(RULE)).toMatchObject({ messages: 4 });
  });

  it('leaves the work to another when it is told to', async () => {
    const eraser = steps(1, 'busy', 4);
    const erase = new EraseMessages(eraser, () => Promise.resolve());
    expect(await erase.execute(RULE, { whenBusy: 'leave' })).toMatchObject({ messages: 1 });
    expect(eraser.cursors).toHaveLength(2);
  });

  it.each([
    ['while it rests', setImmediate],
    [
      'as it begins to rest',
      (abort: () => void): void => {
        abort();
      },
    ],
  ])('stops at once when it is told to %s after a step that took long', async (_when, soon) => {
    const stop = new AbortController();
    const eraseNext = async (): Promise<ErasureStep> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { ...NOTHING, next: { in: 'statuses', after: '1' } };
    };
    const stopping = new EraseMessages({ eraseNext }).execute(RULE, {
      signal: stop.signal,
      restFor: 10_000,
      onProgress() {
        soon(() => {
          stop.abort(new Error('enough'));
        });
      },
    });
    await expect(stopping).rejects.toThrow('enough');
  });

  it('leaves nothing behind with the signal, however often it rests', async () => {
    const { signal } = new AbortController();
    await new EraseMessages(steps(1, 2, 3)).execute(RULE, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('stops between two steps with the reason of the signal', async () => {
    const eraser = steps(1, 2, 3);
    const stop = new AbortController();
    const erase = new EraseMessages(eraser, () => Promise.resolve());
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
