import { statfsSync, statSync } from 'node:fs';
import type { Knex } from 'knex';
import type { StoreUsage } from '../../../application/ports/store.ts';
import { rowOf } from '../schema/dialect.ts';
import { countStored } from '../counters/message-counters.ts';
import { sqliteDialect } from './dialect.ts';
import { isIndexFault } from './search/index-probe.ts';

/** Reads only the file's first page, the ends of indexes and the directory entry. */
export async function storeUsage(db: Knex, file: string): Promise<StoreUsage> {
  const { counted, backlog } = await countStored(db, sqliteDialect);
  const { reusable } = await rowOf<{ reusable: bigint }>(
    db,
    'select freelist_count * page_size as reusable from pragma_freelist_count, pragma_page_size',
  );
  const { bsize, blocks, bavail } = statfsSync(file);
  return {
    messages: counted + backlog,
    uncountedMessages: backlog,
    unindexedMessages: await unindexedMessages(db),
    databaseBytes: statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0),
    reusableBytes: Number(reusable),
    disk: { sizeBytes: blocks * bsize, availableBytes: bavail * bsize },
  };
}

/** null if the progress of the index cannot be read, which the step that indexes reports. */
async function unindexedMessages(db: Knex): Promise<number | null> {
  try {
    const { unindexed } = await rowOf<{ unindexed: bigint | null }>(
      db,
      `select max(0, coalesce((select max(seq) from messages), 0) - (select indexed_seq from search_progress)) as unindexed`,
    );
    return unindexed === null ? null : Number(unindexed);
  } catch (error) {
    if (isIndexFault(error)) return null;
    throw error;
  }
}
