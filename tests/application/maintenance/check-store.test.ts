import { describe, expect, it } from '@jest/globals';
import { CheckStore, secondsAhead, type Finding } from '../../../src/application/maintenance/check-store.ts';
import type { SchemaStatus, StoreInspection } from '../../../src/application/ports/maintenance.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manualClock } from '../../support/fakes.ts';
import { schemaIn } from '../../support/maintenance-fakes.ts';

const SOUND = { damage: null, checked: 'has 3 texts' };
const CLOCK = manualClock(timestampFromMicros(10_000_000n));

function checking(inspection: Partial<StoreInspection> = {}, schema: Partial<SchemaStatus> = {}) {
  const calls: string[] = [];
  const store = new CheckStore(
    {
      schema: schemaIn(schema),
      inspection: {
        serverSeconds: null,
        exposure: null,
        findDamage: () => Promise.resolve({ damage: null, unused: 0 }),
        inspectSearchIndex: () => Promise.resolve(SOUND),
        wrongCounters: () => Promise.resolve(['period_counts']),
        rebuildCounters: () => Promise.resolve(void calls.push('counters')),
        resetSearchIndex: () => Promise.resolve(void calls.push('search index')),
        ...inspection,
      },
    },
    CLOCK,
  );
  return { calls, run: (rebuild = false) => findings(store, rebuild) };
}

async function findings(store: CheckStore, rebuild: boolean): Promise<Finding[]> {
  const all: Finding[] = [];
  for await (const finding of store.execute(rebuild)) all.push(finding);
  return all;
}

describe('CheckStore', () => {
  it('checks pages, schema and counters, and repairs nothing unasked', async () => {
    const { calls, run } = checking();
    expect(await run()).toEqual([
      { of: 'pages', damage: null, unused: 0 },
      { of: 'schema', is: 'current', migrations: [] },
      { of: 'counters', wrong: ['period_counts'] },
      { of: 'search index', ...SOUND },
    ]);
    expect(calls).toEqual([]);
  });

  it('compares the clock of a server, which checks its pages itself', async () => {
    const { run } = checking({ serverSeconds: () => Promise.resolve(13), findDamage: null });
    expect((await run()).slice(0, 2)).toEqual([
      { of: 'clock', aheadSeconds: 3 },
      { of: 'schema', is: 'current', migrations: [] },
    ]);
  });

  it('ends at a damaged page', async () => {
    const { run } = checking({ findDamage: () => Promise.resolve({ damage: 'page 3', unused: 0 }) });
    expect(await run(true)).toEqual([{ of: 'pages', damage: 'page 3', unused: 0 }]);
  });

  it('ends at a missing file', async () => {
    const store = new CheckStore({ missing: '/data/app.db' }, CLOCK);
    expect(await findings(store, true)).toEqual([{ of: 'file', missing: '/data/app.db' }]);
  });

  it.each<[Partial<SchemaStatus>, string, string[]]>([
    [{ pending: ['2_next'] }, 'pending', ['2_next']],
    [{ pending: ['2_next'], unknown: ['8_added', '9_breaking'] }, 'breaking', ['9_breaking']],
  ])('ends at a schema with %j, and repairs nothing', async (schema, is, migrations) => {
    const { calls, run } = checking({}, schema);
    expect((await run(true)).at(-1)).toEqual({ of: 'schema', is, migrations });
    expect(calls).toEqual([]);
  });

  it('continues with a schema that a newer version has only added to', async () => {
    const { run } = checking({}, { unknown: ['8_added'] });
    expect((await run()).slice(1)).toEqual([
      { of: 'schema', is: 'extended', migrations: ['8_added'] },
      { of: 'counters', wrong: ['period_counts'] },
      { of: 'search index', ...SOUND },
    ]);
  });

  it('rebuilds derived data before it checks the counters', async () => {
    const { calls, run } = checking();
    expect((await run(true)).slice(2)).toEqual([
      { of: 'rebuild', rebuilt: 'counters' },
      { of: 'rebuild', rebuilt: 'search index' },
      { of: 'counters', wrong: ['period_counts'] },
      { of: 'search index', ...SOUND },
    ]);
    expect(calls).toEqual(['counters', 'search index']);
  });

  it('leaves the search index to a database that maintains it', async () => {
    const { calls, run } = checking({ resetSearchIndex: null });
    await run(true);
    expect(calls).toEqual(['counters']);
  });
});

describe('secondsAhead', () => {
  it('takes the way there and back to be equally long', async () => {
    const clock = manualClock(timestampFromMicros(100_000_000n));
    const other = () => {
      clock.set(timestampFromMicros(104_000_000n));
      return Promise.resolve(107);
    };
    expect(await secondsAhead(other, clock)).toBe(5);
  });
});
