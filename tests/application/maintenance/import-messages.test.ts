import { describe, expect, it } from '@jest/globals';
import { ImportMessages } from '../../../src/application/maintenance/import-messages.ts';
import type { ImportTarget } from '../../../src/application/ports/transfer.ts';
import { WEBHOOK } from '../../../src/domain/provider.ts';
import type { NewUpdate } from '../../../src/domain/update.ts';
import type { UpdateOutcome } from '../../../src/domain/ingest-outcome.ts';
import { manyMessages } from '../../adapters/persistence/contract/repository-fixtures.ts';

const UNKNOWN: NewUpdate = { kind: 'unknown', provider: WEBHOOK, payload: { mediaType: 'a/b', body: Buffer.of(1) } };

// eslint-disable-next-line @typescript-eslint/require-await
async function* oneByOne(updates: readonly NewUpdate[], fault?: Error): AsyncGenerator<NewUpdate[]> {
  for (const update of updates) yield [update];
  if (fault !== undefined) throw fault;
}

interface Setup {
  readonly outcome?: (update: NewUpdate) => UpdateOutcome;
  /** What each step of derived data answers in turn; then 0. */
  readonly derived?: (number | 'busy')[];
}

function importing({ outcome = () => 'created', derived = [] }: Setup = {}) {
  const commits: NewUpdate[][] = [];
  const limits: number[] = [];
  const stop = new AbortController();
  const known = new Set<string>();
  const target: ImportTarget = {
    add(updates) {
      commits.push([...updates]);
      return Promise.resolve(updates.map(outcome));
    },
    isNewUnknown({ body }) {
      const isNew = !known.has(body.toString());
      known.add(body.toString());
      return Promise.resolve(isNew);
    },
    deriveNext(limit) {
      limits.push(limit);
      return Promise.resolve(derived.shift() ?? 0);
    },
  };
  let stored = 0;
  const run = (updates: AsyncIterable<readonly NewUpdate[]>) =>
    new ImportMessages(target).execute(updates, { signal: stop.signal, onStored: () => stored++ });
  return { commits, limits, run, stop, stored: () => stored };
}

describe('ImportMessages', () => {
  it('stores in order, up to 500 updates per commit', async () => {
    const { commits, run, stored } = importing();
    const all = manyMessages(1_200);
    expect(await run(oneByOne(all))).toMatchObject({ created: 1_200, duplicates: 0, conflicts: 0 });
    expect(commits.map((commit) => commit.length)).toEqual([500, 500, 200]);
    expect(commits.flat()).toEqual(all);
    expect(stored()).toBe(3);
  });

  it('commits early when the bodies are large', async () => {
    const { commits, run } = importing();
    const payload = { mediaType: 'a/b', body: Buffer.alloc(5 * 2 ** 20) };
    await run(oneByOne(manyMessages(4).map((message) => ({ ...message, payload }))));
    expect(commits.map((commit) => commit.length)).toEqual([2, 2, 0]);
  });

  it('counts each outcome, and names the first ten conflicts', async () => {
    const all = manyMessages(14);
    const { run } = importing({
      outcome(update) {
        if ('kind' in update) return update.kind === 'status' ? 'status_updated' : 'kept';
        if (update.messageId === all[0]?.messageId) return 'created';
        return update.messageId === all[1]?.messageId ? 'duplicate' : 'conflict';
      },
    });
    const status: NewUpdate = {
      kind: 'status',
      provider: WEBHOOK,
      messageId: all[0]?.messageId ?? ('' as never),
      state: 'read',
      at: all[0]?.sentAt ?? (0n as never),
    };
    expect(await run(oneByOne([...all, status, UNKNOWN]))).toEqual({
      ...{ created: 1, duplicates: 1, conflicts: 12, statuses: 1, unknown: 1 },
      conflicting: all.slice(2, 12).map(({ messageId }) => messageId),
    });
  });

  it('stores an unknown update once', async () => {
    const { commits, run } = importing({ outcome: () => 'kept' });
    expect(await run(oneByOne([UNKNOWN, UNKNOWN]))).toMatchObject({ unknown: 1 });
    expect(commits).toEqual([[UNKNOWN]]);
  });

  it('stores everything before an invalid update, then reports it', async () => {
    const { commits, run } = importing();
    const all = manyMessages(3);
    await expect(run(oneByOne(all, new Error('line 4')))).rejects.toThrow('line 4');
    expect(commits).toEqual([all]);
  });

  it('stores nothing more once it is stopped', async () => {
    const { commits, run, stop } = importing();
    stop.abort(new Error('stopped'));
    await expect(run(oneByOne(manyMessages(3)))).rejects.toThrow('stopped');
    expect(commits).toEqual([]);
  });

  it('derives data as it goes, and at the end until nothing is left', async () => {
    const { limits, run } = importing({ derived: [5_000, 5_000, 'busy', 1] });
    await run(oneByOne(manyMessages(5_000)));
    expect(limits).toHaveLength(4);
  });

  it('gives up catching up if a service is always faster', async () => {
    const { limits, run } = importing({ derived: Array.from({ length: 1_000 }, () => 'busy' as const) });
    expect(await run(oneByOne(manyMessages(1)))).toMatchObject({ created: 1 });
    expect(limits).toHaveLength(200);
  });
});
