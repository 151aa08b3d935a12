import { statfsSync, statSync } from 'node:fs';
import type { Knex } from 'knex';
import type { StoreUsage } from '../../../application/ports/store.ts';
import { rowOf } from '../schema/dialect.ts';
import { countStored } from '../counters/message-counters.ts';
import { sqliteDialect } from './dialect.ts';

/** Reads only the file's first page, the ends of indexes and the directory entry. */
export async function storeUsage(db: Knex, file: string): Promise<StoreUsage> {
  const { counted, backlog } = await countStored(db, sqliteDialect);
  const { unindexed, reusable } = await rowOf<{ unindexed: bigint; reusable: bigint }>(
    db,
    `select max(0, coalesce((select max(seq) from messages), 0) - (select indexed_seq from search_progress)) as unindexed,
            freelist_count * page_size as reusable
     from pragma_freelist_count, pragma_page_size`,
  );
  const { bsize, blocks, bavail } = statfsSync(file);
  return {
    messages: counted + backlog,
    uncountedMessages: backlog,
    unindexedMessages: Number(unindexed),
    databaseBytes: statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0),
    reusableBytes: Number(reusable),
    disk: { sizeBytes: blocks * bsize, availableBytes: bavail * bsize },
  };
}
