import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';
import { rowOf } from '../schema/dialect.ts';
import type { StorageOptions, StoreStorage } from '../maintenance/storage.ts';
import { withConnection } from './database.ts';
import { emptyLog } from './files/empty-log.ts';
import { storeUsage } from './usage.ts';

/** Pages per transaction. The service's commits wait for each. */
const MERGED_AT_A_TIME = 200;
const MOVED_AT_A_TIME = 200;
const LOG_ATTEMPTS = 20;
/** The value of `pragma auto_vacuum` for a file that can be truncated in steps. */
const INCREMENTAL = 2n;

/** For a connection that writes and is the only one of its process. */
export function sqliteStorage(db: Knex, file: string): StoreStorage {
  return {
    usage: () => storeUsage(db, file),

    async reclaim(options) {
      await mergeIndex(db, options);
      await shrink(db, options);
      await emptyLog(db, LOG_ATTEMPTS);
    },

    async compact({ check, onProgress }) {
      await check();
      onProgress('compacting', 0, 1);
      await db.raw('pragma auto_vacuum = incremental'); // converts files of older versions
      await db.raw('vacuum');
      await emptyLog(db, LOG_ATTEMPTS);
      onProgress('compacting', 1, 1);
    },
  };
}

/**
 * Merges all segments of the search index into one. An older segment contains erased texts, which a newer one only marks as
 * deleted, until both are merged.
 */
async function mergeIndex(db: Knex, { check, onProgress }: StorageOptions): Promise<void> {
  const { pages } = await rowOf<{ pages: bigint }>(db, 'select count(*) as pages from message_search_data');
  const merge = async (size: number): Promise<bigint> => {
    await check();
    return rested(() =>
      changesOf(db, `insert into message_search (message_search, rank) values ('merge', ${String(size)})`),
    );
  };
  await merge(-MERGED_AT_A_TIME); // a negative size includes all segments, however few there are
  // A step that finds nothing to merge changes only its own row.
  for (let done = 0; (await merge(MERGED_AT_A_TIME)) >= 2n; done += MERGED_AT_A_TIME) {
    onProgress('merging', done, Math.max(Number(pages), done));
  }
}

/** Truncates free pages, if the file was created so that this is possible. */
async function shrink(db: Knex, { check, onProgress }: StorageOptions): Promise<void> {
  const { mode } = await rowOf<{ mode: bigint }>(db, 'select auto_vacuum as mode from pragma_auto_vacuum');
  if (mode !== INCREMENTAL) return;
  const free = await freePages(db);
  for (let left = free; left > 0; left = await freePages(db)) {
    await check();
    onProgress('shrinking', free - left, free);
    await rested(() =>
      withConnection(db, (connection) => connection.pragma(`incremental_vacuum(${String(MOVED_AT_A_TIME)})`)),
    );
  }
}

async function freePages(db: Knex): Promise<number> {
  return Number((await rowOf<{ free: bigint }>(db, 'select freelist_count as free from pragma_freelist_count')).free);
}

/** Waits as long as the work took, which leaves half of the time to the service's commits. */
async function rested<T>(work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  await delay(performance.now() - began);
  return result;
}

function changesOf(db: Knex, sql: string): Promise<bigint> {
  return withConnection(db, (connection: Database) => {
    const total = connection.prepare<[], { changes: bigint }>('select total_changes() as changes');
    const before = total.get()?.changes ?? 0n;
    connection.prepare(sql).run();
    return (total.get()?.changes ?? 0n) - before;
  });
}
