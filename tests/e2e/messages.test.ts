import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '../../src/adapters/http/contract/types.ts';
import { startService, type RunningService } from '../support/service.ts';

type Page = Schemas['MessageList'];

const at = (message_id: string, ts: string, from = '+911', text: string | null = null): Schemas['Message'] => ({
  message_id,
  from,
  to: '+14155550100',
  ts,
  text,
});

/** In the order of the listing; sent in another one. */
const STORED = [
  at('early', '1969-12-31T23:59:59.999999Z'),
  at('percent', '2025-01-15T09:59:59.999999Z', '+911', '100% of a_b'),
  at('A', '2025-01-15T10:00:00Z', '+911', 'Straße'),
  at('a', '2025-01-15T10:00:00Z', '+912', 'STRASSE'),
  at('ab', '2025-01-15T10:00:00Z', '+911', ''),
  at('\uffff', '2025-01-15T10:00:00Z', '+911', 'ΟΔΟΣ'),
  at('😀', '2025-01-15T10:00:00Z', '+911', 'she said "no\\yes"'),
  at('b', '2025-01-15T10:00:00.000001Z', '+912', 'οδος 😀'),
  at('late', '2025-01-16T00:00:00Z', '+913', '100 percent'),
];
const ALL = STORED.map(({ message_id: id }) => id);

let service: RunningService;

beforeAll(async () => {
  service = await startService();
  for (const message of [...STORED].reverse()) await service.webhook(message);
});

afterAll(() => service.stop());

const list = async (query: Record<string, string>): Promise<Page> =>
  (await service.fetch(`/messages?${new URLSearchParams(query).toString()}`)).json() as Page;
const ids = ({ data }: Page): string[] => data.map(({ message_id: id }) => id);

describe('the whole list', () => {
  it('is in the order of the instants, then of the code points of the ids', async () => {
    expect((await service.read('/messages')).json()).toEqual({
      data: STORED,
      total: STORED.length,
      limit: 50,
      offset: 0,
      next_cursor: null,
    });
  });

  it('returns up to the requested number, from the offset on', async () => {
    const page = await list({ limit: '2', offset: '3' });
    expect([ids(page), page.total, page.limit, page.offset]).toEqual([['a', 'ab'], STORED.length, 2, 3]);
    expect(page.next_cursor).not.toBeNull();
  });

  it('ends at an offset beyond its end', async () => {
    for (const offset of [STORED.length, 1_000, Number.MAX_SAFE_INTEGER]) {
      expect(await list({ offset: String(offset) })).toEqual({
        data: [],
        total: STORED.length,
        limit: 50,
        offset,
        next_cursor: null,
      });
    }
  });
});

describe('the newest first', () => {
  const newest = ALL.toReversed();

  it('is the same list backwards, by offset and by cursor', async () => {
    expect(ids(await list({ order: 'desc' }))).toEqual(newest);
    expect(ids(await list({ order: 'asc' }))).toEqual(ALL);
    const page = await list({ order: 'desc', limit: '2', offset: '3' });
    expect([ids(page), page.total, page.offset]).toEqual([newest.slice(3, 5), STORED.length, 3]);
    const rest = await list({ order: 'desc', cursor: page.next_cursor ?? '' });
    expect([ids(rest), rest.next_cursor]).toEqual([newest.slice(5), null]);
    expect(ids(await list({ order: 'desc', q: 'strasse' }))).toEqual(['a', 'A']);
  });

  it('continues only with a cursor of its own order', async () => {
    const cursors = { asc: await list({ limit: '1' }), desc: await list({ limit: '1', order: 'desc' }) };
    for (const order of ['asc', 'desc'] as const) {
      const other = cursors[order === 'asc' ? 'desc' : 'asc'].next_cursor ?? '';
      const answer = await service.fetch(`/messages?order=${order}&cursor=${other}`);
      const errors = [{ loc: ['query', 'cursor'], msg: expect.stringContaining('same filters and order') }];
      expect([answer.status, answer.json()]).toMatchObject([422, { errors }]);
    }
    const wrong = await service.fetch('/messages?order=newest');
    expect([wrong.status, wrong.json()]).toMatchObject([422, { errors: [{ loc: ['query', 'order'], type: 'enum' }] }]);
  });
});

describe('a filter', () => {
  it.each<[Record<string, string>, string[]]>([
    [{ from: '+912' }, ['a', 'b']],
    [{ from: '+91' }, []],
    [{ since: '2025-01-15T10:00:00.000001Z' }, ['b', 'late']],
    [{ since: '2025-01-15T15:30:00.0000019+05:30' }, ['b', 'late']],
    [{ until: '2025-01-15T10:00:00Z' }, ['early', 'percent']],
    [{ since: '2025-01-15T10:00:00Z', until: '2025-01-15T10:00:00.000001Z' }, ['A', 'a', 'ab', '\uffff', '😀']],
    [{ q: 'strasse' }, ['A', 'a']],
    [{ q: 'οδοσ' }, ['\uffff', 'b']],
    [{ q: '%' }, ['percent']],
    [{ q: '_' }, ['percent']],
    [{ q: '\\' }, ['😀']],
    [{ q: '"NO\\' }, ['😀']],
    [{ q: '😀' }, ['b']],
    [{ q: '0' }, ['percent', 'late']],
    [{ q: '100 PER' }, ['late']],
    [{ q: "' OR 1=1 --" }, []],
    [{ q: '\0' }, []],
    [{ q: 'Straße\0' }, []],
    [{ q: '\0Straße' }, []],
    [{ q: '*' }, []],
    [{ from: '+911', since: '2025-01-15T10:00:00Z', until: '2025-01-16T00:00:00Z', q: 'ss' }, ['A']],
  ])('%j', async (filter, expected) => {
    const page = await list(filter);
    expect([ids(page), page.total]).toEqual([expected, expected.length]);
  });

  it('ignores unknown names', async () => {
    const unknown = { sort: 'ts', FROM: '+912', __proto__: 'x', 'limit[]': '1', constructor: '1', text: 'x' };
    expect(ids(await list(unknown))).toEqual(ALL);
  });
});

describe('paging', () => {
  type Next = (page: Page, seen: number) => Record<string, string> | null;
  const byCursor: Next = ({ next_cursor: cursor }) => (cursor === null ? null : { cursor });
  const byOffset: Next = ({ total }, seen) => (seen < total ? { offset: String(seen) } : null);

  async function readAll(query: Record<string, string>, next: Next): Promise<{ pages: Page[]; all: string[] }> {
    const pages: Page[] = [];
    const all: string[] = [];
    let more: ReturnType<Next> = {};
    while (more !== null && pages.length < 100) {
      const page = await list({ ...query, ...more });
      pages.push(page);
      all.push(...ids(page));
      more = next(page, all.length);
    }
    return { pages, all };
  }

  it.each([1, 2, 4, 9, 100])('by cursor, %d at a time, returns each once and always the same total', async (limit) => {
    const { pages, all } = await readAll({ limit: String(limit) }, byCursor);
    expect(all).toEqual(ALL);
    expect(pages.map(({ total, offset }) => [total, offset])).toEqual(pages.map(() => [STORED.length, 0]));
    expect(pages).toHaveLength(Math.ceil(STORED.length / limit));
  });

  it('by offset returns each once', async () => {
    expect((await readAll({ limit: '2' }, byOffset)).all).toEqual(ALL);
  });

  it('may begin by offset and continue by cursor', async () => {
    const first = await list({ limit: '3', offset: '2' });
    const second = await list({ limit: '100', cursor: first.next_cursor ?? '' });
    expect([...ids(first), ...ids(second)]).toEqual(ALL.slice(2));
  });

  it('continues with the filters it began with, and with no others', async () => {
    const filter = { from: '+911', since: '2025-01-01T00:00:00Z', q: 's' };
    const { all } = await readAll({ ...filter, limit: '1' }, byCursor);
    expect(all).toEqual(['A', '😀']);

    const cursor = (await list({ ...filter, limit: '1' })).next_cursor ?? '';
    const sameInstant = { ...filter, since: '2025-01-01T01:00:00+01:00', cursor };
    expect(ids(await list(sameInstant))).toEqual(['😀']);
    for (const other of [{}, { from: '+911' }, { ...filter, q: 'S' }, { ...filter, until: '2026-01-01T00:00:00Z' }]) {
      expect((await service.fetch(`/messages?${new URLSearchParams({ ...other, cursor }).toString()}`)).status).toBe(
        422,
      );
    }
  });
});

describe('paging while messages arrive', () => {
  it('by cursor repeats none and misses none that was there before', async () => {
    const busy = await startService();
    try {
      const before = Array.from({ length: 25 }, (_message, i) =>
        at(`before ${String(i)}`, `2025-01-15T10:${String(i + 10)}:00Z`),
      );
      for (const message of before) await busy.webhook(message);
      const seen: string[] = [];
      let query = '?limit=4';
      for (let n = 0; query !== ''; n++) {
        const page = (await busy.fetch(`/messages${query}`)).json() as Page;
        seen.push(...ids(page));
        query = page.next_cursor === null ? '' : `?limit=4&cursor=${page.next_cursor}`;
        for (const minute of n < 6 ? ['05', '20', '59'] : []) {
          await busy.webhook(at(`new ${minute} ${String(n)}`, `2025-01-15T10:${minute}:00Z`));
        }
      }
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => id.startsWith('before'))).toEqual(before.map(({ message_id: id }) => id));
    } finally {
      await busy.stop();
    }
  });
});
