import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';
import { rowOf } from '../schema/dialect.ts';
import type { SpaceOptions, StoreSpace } from '../maintenance/storage.ts';
import { withConnection } from './threads/connection.ts';
import { storeUsage } from './usage.ts';

/** Pages in a transaction: a commit waits for it. */
const MERGED_AT_A_TIME = 200;
const MOVED_AT_A_TIME = 200;
/** A checkpoint that cuts the log keeps writes waiting for as long as it waits for readers. */
const LOG_BUSY_MS = 100;
const LOG_ATTEMPTS = 20;
/** What `pragma auto_vacuum` says of a file that can be cut shorter step by step. */
const INCREMENTAL = 2n;

/** For a connection that writes and has the database to itself in its process. */
export function sqliteSpace(db: Knex, file: string): StoreSpace {
  return {
    usage: () => storeUsage(db, file),

    async giveBack(options) {
      await mergeIndex(db, options);
      await shrink(db, options);
      await truncateLog(db);
    },

    async compact({ check, onProgress }) {
      await check();
      onProgress('compacting', 0, 1);
      await db.raw('pragma auto_vacuum = incremental'); // for a file from before, too
      await db.raw('vacuum');
      await truncateLog(db);
      onProgress('compacting', 1, 1);
    },
  };
}

/**
 * Brings the search index into one piece. What was erased stays in its older pieces, marked as gone in a newer one, until
 * they are merged.
 */
async function mergeIndex(db: Knex, { check, onProgress }: SpaceOptions): Promise<void> {
  const { pages } = await rowOf<{ pages: bigint }>(db, 'select count(*) as pages from message_search_data');
  const merge = async (size: number): Promise<bigint> => {
    await check();
    return rested(() =>
      changesOf(db, `insert into message_search (message_search, rank) values ('merge', ${String(size)})`),
    );
  };
  await merge(-MERGED_AT_A_TIME); // a negative size takes all pieces, whatever their number
  // With nothing left to merge a step changes nothing but its own row.
  for (let done = 0; (await merge(MERGED_AT_A_TIME)) >= 2n; done += MERGED_AT_A_TIME) {
    onProgress('merging', done, Math.max(Number(pages), done));
  }
}

/** Cuts free pages off the file, where it was made so that it can be. */
async function shrink(db: Knex, { check, onProgress }: SpaceOptions): Promise<void> {
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

/** Puts all of the log into the database and cuts it to nothing, unless readers do not allow it for seconds. */
async function truncateLog(db: Knex): Promise<void> {
  for (let attempt = 0; attempt < LOG_ATTEMPTS; attempt++) {
    const done = await withConnection(db, (connection) => {
      const timeout = connection.pragma('busy_timeout', { simple: true });
      connection.pragma(`busy_timeout = ${String(LOG_BUSY_MS)}`);
      try {
        const [result] = connection.pragma('wal_checkpoint(truncate)') as { busy: bigint }[];
        return result?.busy === 0n;
      } finally {
        connection.pragma(`busy_timeout = ${String(timeout)}`);
      }
    });
    if (done) return;
    await delay(LOG_BUSY_MS);
  }
}

async function freePages(db: Knex): Promise<number> {
  return Number((await rowOf<{ free: bigint }>(db, 'select freelist_count as free from pragma_freelist_count')).free);
}

/** Rests as long as the work took, so that others come to their turn. */
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
