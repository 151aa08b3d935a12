import { inMemoryRejectionLog } from '../../../support/in-memory-rejection-log.ts';
import { rejectionLog } from '../../../../src/adapters/persistence/rejections/rejection-log.ts';
import { pooledMessageRepository } from '../../../../src/adapters/persistence/postgres/store.ts';
import { threadedMessageRepository } from '../../../../src/adapters/persistence/sqlite/store.ts';
import { afterAll } from '@jest/globals';
import { migratedPostgresDatabase } from '../../../support/postgres.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { rejectionLogContract } from './rejection-log-contract.ts';

const asIs = <T>(work: () => Promise<T>): Promise<T> => work();
const LIMITS = { readTimeoutMs: 20_000, maxQueuedReads: 100 };

rejectionLogContract('Memory', () => Promise.resolve({ log: inMemoryRejectionLog(), close: () => Promise.resolve() }));

rejectionLogContract('SQLite', async () => {
  const { db, close } = await openTestDatabase();
  return { log: rejectionLog({ writes: db, reads: db }, asIs), close };
});

const opened: { close: () => Promise<void> }[] = [];
afterAll(async () => {
  for (const { close } of opened) await close();
});

let threads: Promise<{ file: string; log: ReturnType<typeof threadedMessageRepository>['rejections'] }> | undefined;
rejectionLogContract('SQLite on threads', async () => {
  threads ??= (async () => {
    const { file, close } = await openTestDatabase();
    const repository = threadedMessageRepository({ file, ...LIMITS });
    opened.push(repository, { close });
    return { file, log: repository.rejections };
  })();
  const { log } = await threads;
  await log.add([], { maxRows: 0, notBefore: 0n as never });
  return { log, close: () => Promise.resolve() };
});

let pool: Promise<ReturnType<typeof pooledMessageRepository>> | undefined;
rejectionLogContract('PostgreSQL', async () => {
  pool ??= (async () => {
    const { url, close } = await migratedPostgresDatabase();
    const repository = pooledMessageRepository({ url, poolSize: 2, maxCommits: 1, ...LIMITS });
    opened.push(repository, { close });
    return repository;
  })();
  const { rejections: log } = await pool;
  await log.add([], { maxRows: 0, notBefore: 0n as never });
  return { log, close: () => Promise.resolve() };
});
