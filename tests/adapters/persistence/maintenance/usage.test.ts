import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { pooledMessageRepository } from '../../../../src/adapters/persistence/postgres/store.ts';
import { storeUsage as postgresUsage } from '../../../../src/adapters/persistence/postgres/usage.ts';
import { countNext, indexNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { storeUsage as sqliteUsage } from '../../../../src/adapters/persistence/sqlite/usage.ts';
import { threadedMessageRepository } from '../../../../src/adapters/persistence/sqlite/store.ts';
import { deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import type { StoreUsage } from '../../../../src/application/ports/store.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { manyMessages } from '../contract/repository-fixtures.ts';

describe('the usage of a store in SQLite', () => {
  async function on(test: (store: Awaited<ReturnType<typeof openTestDatabase>>) => Promise<void>): Promise<void> {
    const store = await openTestDatabase();
    try {
      await test(store);
    } finally {
      await store.close();
    }
  }

  it('reports the messages, and the backlogs of the counters and the index', () =>
    on(async ({ db, file }) => {
      const empty = { messages: 0, uncountedMessages: 0, unindexedMessages: 0 };
      expect(await sqliteUsage(db, file)).toMatchObject(empty);
      await sqliteMessageRepository(db).add(manyMessages(1_000));
      expect(await sqliteUsage(db, file)).toMatchObject({
        ...{ messages: 1_000, uncountedMessages: 1_000, unindexedMessages: 1_000 },
      });
      await countNext(db, 300);
      await indexNext(db, 900);
      expect(await sqliteUsage(db, file)).toMatchObject({
        ...{ messages: 1_000, uncountedMessages: 700, unindexedMessages: 100 },
      });
    }));

  it('never reports a negative backlog', () =>
    on(async ({ db, file }) => {
      await sqliteMessageRepository(db).add(manyMessages(10));
      await indexNext(db, 10);
      await db('messages').delete();
      expect((await sqliteUsage(db, file)).unindexedMessages).toBe(0);
    }));

  it('includes the log in the size, and reports the reusable space', () =>
    on(async ({ db, file }) => {
      await sqliteMessageRepository(db).add(manyMessages(5_000));
      const logged = await sqliteUsage(db, file);
      expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
      expect(logged.databaseBytes).toBe(statSync(file).size + statSync(`${file}-wal`).size);

      await db('messages').delete();
      await db.raw('pragma wal_checkpoint(truncate)');
      const freed = await sqliteUsage(db, file);
      expect(freed.databaseBytes).toBe(statSync(file).size);
      expect(freed.reusableBytes).toBeGreaterThan(freed.databaseBytes / 2);
      expect(freed.reusableBytes).toBeGreaterThan(logged.reusableBytes ?? Infinity);
    }));

  it('reports the disk', () =>
    on(async ({ db, file }) => {
      const { blocks, bsize } = await statfs(file);
      const { disk } = await sqliteUsage(db, file);
      expect(disk?.sizeBytes).toBe(blocks * bsize);
      expect(disk?.availableBytes).toBeGreaterThan(0);
      expect(disk?.availableBytes).toBeLessThan(blocks * bsize);
    }));

  it('is read by a reading thread', () =>
    on(async ({ file }) => {
      const repository = threadedMessageRepository({ file, readTimeoutMs: 20_000, maxQueuedReads: 10, readThreads: 1 });
      try {
        await repository.add(manyMessages(20));
        await repository.caughtUp();
        const caughtUp = { messages: 20, uncountedMessages: 0, unindexedMessages: 0 };
        expect(await repository.usage()).toMatchObject(caughtUp);
      } finally {
        await repository.close();
      }
    }));
});

describe('the usage of a store in PostgreSQL', () => {
  it('reports the messages, the uncounted backlog and the size', async () => {
    const { db, close } = await openTestPostgres();
    try {
      const before = await postgresUsage(db);
      const nobodyKnows = { unindexedMessages: null, reusableBytes: null, disk: null };
      expect(before).toMatchObject({ messages: 0, uncountedMessages: 0, ...nobodyKnows });
      await postgresMessageRepository(db, db).add(manyMessages(1_000));
      await deriveNext(db, 300);
      const after: StoreUsage = await postgresUsage(db);
      expect(after).toMatchObject({ messages: 1_000, uncountedMessages: 700 });
      expect(after.databaseBytes).toBeGreaterThan(before.databaseBytes);
    } finally {
      await close();
    }
  });

  it('is available while a migration locks the tables', async () => {
    const { db, close } = await openTestPostgres();
    try {
      await db.transaction(async (migration) => {
        await migration.raw('lock table messages, payloads in access exclusive mode');
        expect((await postgresUsage(db)).databaseBytes).toBeGreaterThan(0);
      });
    } finally {
      await close();
    }
  });

  it('is rejected if too many reads wait', async () => {
    const { url, close } = await openTestPostgres();
    const repository = pooledMessageRepository({
      ...{ url, poolSize: 1, maxCommits: 1, readTimeoutMs: 20_000, maxQueuedReads: 0 },
    });
    try {
      const first = repository.usage();
      await expect(repository.usage()).rejects.toThrow('too many reads are waiting');
      expect(await first).toMatchObject({ messages: 0 });
    } finally {
      await repository.close();
      await close();
    }
  });
});
