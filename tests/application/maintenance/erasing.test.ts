import { describe, expect, it } from '@jest/globals';
import type { EraseOptions } from '../../../src/application/erasure/erase-messages.ts';
import { mayBeRetried, PurgeMessages } from '../../../src/application/maintenance/purge-messages.ts';
import { RedactPerson } from '../../../src/application/maintenance/redact-person.ts';
import type { SchemaStatus, Work } from '../../../src/application/ports/maintenance.ts';
import type { Erased, ErasurePreview, StoreUsage } from '../../../src/application/ports/store.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestamp, timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { manyMessages, message } from '../../adapters/persistence/contract/repository-fixtures.ts';
import { recordedWork, schemaIn } from '../../support/maintenance-fakes.ts';

const USAGE: StoreUsage = {
  messages: 100,
  uncountedMessages: 0,
  unindexedMessages: 0,
  databaseBytes: 1_000,
  reusableBytes: 0,
  disk: null,
};
const PLACES = { left: 3, kept: 1 };
const NOTHING: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };
const PREVIEW: ErasurePreview = {
  ...NOTHING,
  messages: 9,
  total: 100,
  fromPerson: 5,
  toPerson: 4,
  mentions: 2,
  firstAt: null,
  lastAt: null,
};
const BEFORE = timestamp('2025-01-01T00:00:00Z');
const NUMBER = message('any').from;
const [OLDEST_KEPT] = manyMessages(1);

interface Setup {
  readonly erases?: number;
  readonly canCompact?: boolean;
  readonly schema?: Partial<SchemaStatus>;
}

function erasing({ erases = 1, canCompact = true, schema = {} }: Setup = {}) {
  const calls: string[] = [];
  const rules: ErasureRule[] = [];
  const ports = {
    schema: schemaIn(schema),
    eraser: {
      newest: (count: number) => Promise.resolve(count === 0 ? null : (OLDEST_KEPT ?? null)),
      reach: () => Promise.resolve(8),
      preview(rule: ErasureRule) {
        rules.push(rule);
        return Promise.resolve(PREVIEW);
      },
    },
    erase: {
      execute(rule: ErasureRule, { signal, onProgress }: EraseOptions) {
        signal?.throwIfAborted();
        calls.push('erase');
        rules.push(rule);
        onProgress?.({ ...NOTHING, messages: erases });
        return Promise.resolve({ ...NOTHING, messages: erases });
      },
    },
    storage: {
      usage: () => Promise.resolve(USAGE),
      reclaim: ({ onProgress }: Work) => {
        calls.push('reclaim');
        onProgress('merging', 1, 1);
        return Promise.resolve();
      },
      compact: canCompact ? () => Promise.resolve(void calls.push('compact')) : null,
    },
    remnants: {
      placesOf(number: string) {
        calls.push(`search ${number}`);
        return Promise.resolve(PLACES);
      },
    },
  };
  return { calls, rules, work: recordedWork(), purge: new PurgeMessages(ports), redact: new RedactPerson(ports) };
}

describe('PurgeMessages', () => {
  const SELECTION = { before: BEFORE, keep: 0, keepFrom: [NUMBER] };

  it('previews the same rule that it erases, and only reads', async () => {
    const { calls, rules, work, purge } = erasing();
    expect(await purge.preview(SELECTION)).toBe(PREVIEW);
    expect(calls).toEqual([]);
    await purge.execute(SELECTION, false, work);
    expect(rules).toEqual(Array.from({ length: 2 }, () => ({ ...rules[0] })));
    expect(rules[0]).toEqual({ of: 'age', before: BEFORE, keepFrom: [NUMBER], keepSince: null });
  });

  it('keeps the newest messages, however old they are', async () => {
    const { rules, purge } = erasing();
    await purge.preview({ ...SELECTION, keep: 10 });
    expect(rules).toEqual([expect.objectContaining({ keepSince: OLDEST_KEPT })]);
  });

  it('shows its progress towards the number that the counters expect', async () => {
    const { work, purge } = erasing({ erases: 6 });
    await purge.execute(SELECTION, false, work);
    expect(work.shown).toEqual([
      ['erasing', 0, 8],
      ['erasing', 6, 8],
      ['merging', 1, 1],
    ]);
  });

  it.each([
    [4, false, ['erase']],
    [5, false, ['erase', 'reclaim']],
    [0, true, ['erase', 'reclaim', 'compact']],
  ])('of %i in 100 messages with compact %s does %j', async (erases, compact, expected) => {
    const { calls, work, purge } = erasing({ erases });
    const { compactingSeconds } = await purge.execute(SELECTION, compact, work);
    expect(calls).toEqual(expected);
    expect(compactingSeconds !== null).toBe(compact);
  });

  it('says whether the database can be compacted', () => {
    expect([true, false].map((canCompact) => erasing({ canCompact }).purge.canCompact)).toEqual([true, false]);
  });

  it.each([
    [{ pending: ['2_next'] }, 'the database lacks migrations (2_next)'],
    [{ unknown: ['9_newer'] }, 'a newer version migrated the database (9_newer)'],
  ])('erases nothing from a schema with %j', async (schema, message) => {
    const { calls, rules, work, purge, redact } = erasing({ schema });
    await expect(purge.preview(SELECTION)).rejects.toThrow(message);
    await expect(purge.execute(SELECTION, true, work)).rejects.toThrow(message);
    await expect(redact.preview(NUMBER)).rejects.toThrow(message);
    expect([calls, rules]).toEqual([[], []]);
  });

  it('stops with the reason of the signal', async () => {
    const { calls, work, purge } = erasing();
    work.stop();
    await expect(purge.execute(SELECTION, true, work)).rejects.toThrow('stopped');
    expect(calls).toEqual([]);
  });
});

describe('mayBeRetried', () => {
  it.each([
    ['2025-01-08T00:00:00Z', false],
    ['2025-01-07T23:59:59Z', true],
  ])('at %s is %s for messages before 2025-01-01', (now, expected) => {
    expect(mayBeRetried(BEFORE, timestamp(now))).toBe(expected);
  });

  it('is true for an instant in the future', () => {
    expect(mayBeRetried(BEFORE, timestampFromMicros(0n))).toBe(true);
  });
});

describe('RedactPerson', () => {
  it('erases by the previewed rule, reclaims the space however little it was, then searches the files', async () => {
    const { calls, rules, work, redact } = erasing({ erases: 1 });
    const preview = await redact.preview(NUMBER);
    expect(calls).toEqual([]);
    const result = await redact.execute(NUMBER, preview, true, work);
    expect(result).toMatchObject({ erased: { messages: 1 }, places: PLACES });
    expect(calls).toEqual(['erase', 'reclaim', 'compact', `search ${NUMBER}`]);
    expect(rules).toEqual([
      { of: 'person', number: NUMBER },
      { of: 'person', number: NUMBER },
    ]);
    expect(work.shown[0]).toEqual(['erasing', 0, PREVIEW.messages]);
  });

  it('does not compact where the database cannot', async () => {
    const { calls, work, redact } = erasing({ canCompact: false });
    const result = await redact.execute(NUMBER, PREVIEW, true, work);
    expect(result.compactingSeconds).toBeNull();
    expect(calls).not.toContain('compact');
  });
});
