import { describe, expect, it } from '@jest/globals';
import { CompareSchema } from '../../../src/application/maintenance/compare-schema.ts';
import { CopyStore, isComplete } from '../../../src/application/maintenance/copy-store.ts';
import { ReindexSearch } from '../../../src/application/maintenance/reindex-search.ts';
import type { CopyResult } from '../../../src/application/ports/transfer.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { CURRENT, recordedWork, schemaIn } from '../../support/maintenance-fakes.ts';

const DIGEST = { rows: 2, sha256: 'abc' };
const BELONGINGS = { bodies: 1, statuses: 1, arrivals: 2, traces: 0 };
const RESULT: CopyResult = {
  ...{ source: DIGEST, target: DIGEST, firstDifference: null },
  ...{ copied: 2, alreadyThere: 0, conflicts: 0, conflicting: [], unknown: 0 },
  belongings: { source: BELONGINGS, target: BELONGINGS },
  wrongCounters: [],
};
const FAULTS = [
  [{ pending: ['2_next'] }, '2_next'],
  [{ unknown: ['9_newer'] }, '9_newer'],
] as const;

describe('CompareSchema', () => {
  it.each([
    [{}, true],
    [{ pending: ['2_next'] }, false],
    [{ unknown: ['9_newer'] }, false],
  ])('of a schema with %j says current: %s', async (status, current) => {
    const compared = await new CompareSchema(schemaIn(status)).execute();
    expect(compared).toEqual({ ...CURRENT, ...status, current });
  });
});

describe('CopyStore', () => {
  it('copies from a store with the schema of this version', async () => {
    const copy = new CopyStore({ schema: schemaIn(), copy: () => Promise.resolve(RESULT) });
    expect(await copy.execute(recordedWork())).toBe(RESULT);
  });

  it.each(FAULTS)('copies nothing from a schema with %j', async (schema, name) => {
    let begun = false;
    const copy = () => {
      begun = true;
      return Promise.resolve(RESULT);
    };
    await expect(new CopyStore({ schema: schemaIn(schema), copy }).execute(recordedWork())).rejects.toThrow(name);
    expect(begun).toBe(false);
  });
});

describe('isComplete', () => {
  it.each<[string, Partial<CopyResult>, boolean]>([
    ['equal stores', {}, true],
    ['a conflict', { conflicts: 1 }, false],
    [
      'a difference',
      { firstDifference: { messageId: 'a', sentAt: timestampFromMicros(1n), what: 'only in the source' } },
      false,
    ],
    ['wrong counters', { wrongCounters: ['message_totals'] }, false],
    ['a missing body', { belongings: { source: BELONGINGS, target: { ...BELONGINGS, bodies: 0 } } }, false],
    ['a target with more', { belongings: { source: BELONGINGS, target: { ...BELONGINGS, traces: 1 } } }, true],
  ])('for %s', (_what, change, expected) => {
    expect(isComplete({ ...RESULT, ...change })).toBe(expected);
  });
});

describe('ReindexSearch', () => {
  const index = { rebuild: () => Promise.resolve(7) };

  it('rebuilds the index and returns the number of messages', async () => {
    expect(await new ReindexSearch(schemaIn(), index).execute(recordedWork())).toBe(7);
  });

  it.each(FAULTS)('does not touch a schema with %j', async (schema, name) => {
    await expect(new ReindexSearch(schemaIn(schema), index).execute(recordedWork())).rejects.toThrow(name);
  });
});
