import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from '../../../../src/adapters/http/browser/dashboard/failure.js';
import { pagedMessages } from '../../../../src/adapters/http/browser/dashboard/paged-messages.js';

const FILTERS = { q: 'a', from: '', since: '', until: '' };
const message = (i: number): object => ({ message_id: `m${String(i)}` });

type Query = Record<string, string | number | null>;

/** A service with this number of messages; the request for page `n`, from 0, ends as `outcome` says. */
function api(total: number, outcome: (n: number) => 'ok' | Failure = () => 'ok') {
  const queries: Query[] = [];
  return {
    queries,
    json<T>(_path: string, { query = {} }: { query?: Query } = {}): Promise<T> {
      queries.push(query);
      const result = outcome(queries.length - 1);
      if (result !== 'ok') return Promise.reject(result);
      const [start, limit] = [Number(query['cursor'] ?? 0), Number(query['limit'])];
      const data = Array.from({ length: Math.min(limit, total - start) }, (_, i) => message(start + i));
      return Promise.resolve({ data, total, next_cursor: start + limit < total ? String(start + limit) : null } as T);
    },
  };
}

describe('messages page by page', () => {
  it('are all there once each in the end, whatever fails and however often more are requested', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(450), fc.array(fc.boolean(), { maxLength: 6 }), async (total, fails) => {
        const service = api(total, (n) => (fails[n] === true ? new Failure('fault') : 'ok'));
        const pages = pagedMessages(service, FILTERS, () => undefined);
        while (!pages.current().isWhole) await Promise.all([pages.more(), pages.more()]);
        await pages.more();
        expect(pages.current().rows).toEqual(Array.from({ length: total }, (_, i) => message(i)));
        expect(pages.current().total).toBe(total);
      }),
    );
  });

  it('are requested with the filters, the newest first', async () => {
    const service = api(150);
    const pages = pagedMessages(service, FILTERS, () => undefined);
    await pages.more();
    await pages.more();
    const common = { ...FILTERS, order: 'desc', limit: 100 };
    expect(service.queries).toEqual([
      { ...common, cursor: null },
      { ...common, cursor: '100' },
    ]);
  });

  it('stay when the next page fails', async () => {
    const failure = new Failure('unavailable');
    const pages = pagedMessages(
      api(150, (n) => (n === 1 ? failure : 'ok')),
      FILTERS,
      () => undefined,
    );
    await pages.more();
    await pages.more();
    expect(pages.current()).toMatchObject({ failure, isLoading: false, isWhole: false, total: 150 });
    expect(pages.current().rows).toHaveLength(100);
  });

  it('are requested again automatically after the time that the service named, unless they were stopped', async () => {
    jest.useFakeTimers();
    try {
      const busy = (n: number) => (n === 0 ? new Failure('limited', { retryAfter: 2 }) : 'ok');
      const [service, other, silent] = [api(1, busy), api(1, busy), api(1, () => new Failure('fault'))];
      const [pages, stopped, failed] = [service, other, silent].map((each) =>
        pagedMessages(each, FILTERS, () => undefined),
      );
      await Promise.all([pages?.more(), stopped?.more(), failed?.more()]);
      stopped?.stop();
      expect(jest.getTimerCount()).toBe(1);
      await jest.advanceTimersByTimeAsync(1_999);
      expect(service.queries).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(1);
      expect([service, other, silent].map(({ queries }) => queries.length)).toEqual([2, 1, 1]);
      expect([pages?.current().isWhole, jest.getTimerCount()]).toEqual([true, 0]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('are no longer shown once stopped', async () => {
    let changes = 0;
    const pages = pagedMessages(api(10), FILTERS, () => (changes += 1));
    const more = pages.more();
    pages.stop();
    await more;
    await pages.more();
    expect(changes).toBe(1);
    expect(pages.current().rows).toEqual([]);
  });
});
