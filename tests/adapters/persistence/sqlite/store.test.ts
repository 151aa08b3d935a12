import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { rebuildCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { resetIndex } from '../../../../src/adapters/persistence/sqlite/search/search-index.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import {
  threadedMessageRepository,
  type ThreadedMessageRepository,
  type ThreadedOptions,
} from '../../../../src/adapters/persistence/sqlite/store.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { until } from '../../../support/connection.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { messageRepositoryContract } from '../contract/message-repository-contract.ts';
import { manyMessages, message } from '../contract/repository-fixtures.ts';

const OPTIONS = { readTimeoutMs: 20_000, maxQueuedReads: 1_000, readThreads: 1 };

async function open(
  options: Partial<ThreadedOptions> = {},
): Promise<{ repository: ThreadedMessageRepository; file: string; close: () => Promise<void> }> {
  const { file, close } = await openTestDatabase();
  const repository = threadedMessageRepository({ ...OPTIONS, file, ...options });
  return {
    repository,
    file,
    async close() {
      await repository.close();
      await close();
    },
  };
}

let shared: Awaited<ReturnType<typeof open>> | undefined;
afterAll(() => shared?.close());

messageRepositoryContract('SQLite on threads', async () => {
  // Threads take most of a second to start, so the whole suite shares them, with an emptied database per test.
  shared ??= await open();
  const { repository, file } = shared;
  return { repository, close: () => empty(file) };
});

async function empty(file: string): Promise<void> {
  const db = openSqlite({ file, bigIntegers: false });
  try {
    for (const table of ['messages', 'payloads', 'message_statuses']) await db(table).delete();
    await rebuildCounters(db, sqliteDialect);
    await resetIndex(db);
  } finally {
    await db.destroy();
  }
}

describe('SQLite on threads', () => {
  it('indexes everything by itself, and finds it before, during and after', async () => {
    const { repository, close } = await open();
    try {
      await repository.add(manyMessages(1_200));
      const filter = { contains: 'text 7' };
      const before = await repository.list(filter, { offset: 0 }, 50);
      await repository.caughtUp();
      expect(await repository.list(filter, { offset: 0 }, 50)).toEqual(before);
      expect(before.total).toBeGreaterThan(0);
    } finally {
      await close();
    }
  });

  it('aborts a read that takes too long, and serves the next', async () => {
    const { repository, close } = await open({ readTimeoutMs: 300 });
    try {
      const text = 'é'.repeat(4_000);
      for (let i = 0; i < 5; i++) {
        await repository.add(Array.from({ length: 400 }, (_, j) => message(`${String(i)}-${String(j)}`, { text })));
      }
      // Two characters are not a trigram, so every text is folded and scanned.
      const slow = repository.list({ contains: 'zq' }, { offset: 0 }, 1);
      await expect(slow).rejects.toThrow('a read took too long');
      // An aborted thread is replaced; until the new one answers, reads may time out too.
      await until(() =>
        repository.stats().then(
          ({ totalMessages }) => totalMessages === 2_000,
          () => false,
        ),
      );
    } finally {
      await close();
    }
  });

  it('rejects reads if too many wait', async () => {
    const { repository, close } = await open({ maxQueuedReads: 1 });
    try {
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => repository.stats()));
      const refused = results.filter(({ status }) => status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toBeInstanceOf(StoreUnavailable);
      expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    } finally {
      await close();
    }
  });

  it('is healthy while searches occupy all threads and time out', async () => {
    const { repository, close } = await open({ readTimeoutMs: 50, maxQueuedReads: 1 });
    try {
      await repository.add(manyMessages(1_000));
      const reads = Array.from({ length: 10 }, () => repository.list({ contains: 'zq' }, { offset: 0 }, 1));
      const results = Promise.allSettled(reads);
      expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
      await results;
    } finally {
      await close();
    }
  });

  it('is unavailable, not dead, while the database cannot be opened', async () => {
    // A path through a file, in which no folder can be created.
    const { file, close: closeOther } = await openTestDatabase();
    const repository = threadedMessageRepository({ ...OPTIONS, file: `${file}/app.db` });
    try {
      await expect(repository.add([message('a')])).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(repository.stats()).rejects.toBeInstanceOf(StoreUnavailable);
      expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    } finally {
      await repository.close();
      await closeOther();
    }
  });

  it('waits for another process that writes, and rejects nothing', async () => {
    const { repository, file, close } = await open();
    const other = openSqlite({ file });
    try {
      await repository.caughtUp(); // its initial step would wait too, and delay the rest
      await other.raw('begin immediate');
      const adding = repository.add([{ ...message('a'), payload: { mediaType: 'text/plain', body: Buffer.of(1) } }]);
      // Long enough for a rejection; a commit cannot happen meanwhile.
      expect(await Promise.race([adding.catch(String), delay(50, 'nothing yet')])).toBe('nothing yet');
      await other.raw('commit');
      expect(await adding).toEqual(['created']);
    } finally {
      await other.destroy();
      await close();
    }
  });

  it('passes other faults unchanged', async () => {
    const { repository, close } = await open();
    try {
      const broken = { ...message('a'), from: null } as never;
      await expect(repository.add([broken])).rejects.toThrow('NOT NULL');
      await expect(repository.add([broken])).rejects.not.toBeInstanceOf(StoreUnavailable);
    } finally {
      await close();
    }
  });
});
