import type { Knex } from 'knex';
import type { StoreUsage } from '../../../application/ports/store.ts';
import { rowOf } from '../schema/dialect.ts';
import { countStored } from '../counters/message-counters.ts';
import { postgresDialect } from './dialect.ts';

/**
 * The size is that of the whole database: unlike the sizes of tables it takes no lock, so that it is there while one of them is
 * migrated. The server adds up the sizes of its files; the write-ahead log and the disk belong to others, too.
 */
export async function storeUsage(db: Knex): Promise<StoreUsage> {
  const { counted, uncounted } = await countStored(db, postgresDialect);
  const { bytes } = await rowOf<{ bytes: bigint }>(db, 'select pg_database_size(current_database()) as bytes');
  return {
    messages: counted + uncounted,
    uncountedMessages: uncounted,
    unindexedMessages: null,
    databaseBytes: Number(bytes),
    reusableBytes: null,
    disk: null,
  };
}
