import type { Knex } from 'knex';
import type { StoreUsage } from '../../../application/ports/store.ts';
import { rowOf } from '../schema/dialect.ts';
import { countStored } from '../counters/message-counters.ts';
import { postgresDialect } from './dialect.ts';

/**
 * Reports the size of the whole database. Unlike the sizes of tables, it takes no lock and works during a migration. It leaves
 * out the write-ahead log and the disk, which other databases share.
 */
export async function storeUsage(db: Knex): Promise<StoreUsage> {
  const { counted, backlog } = await countStored(db, postgresDialect);
  const { bytes } = await rowOf<{ bytes: bigint }>(db, 'select pg_database_size(current_database()) as bytes');
  return {
    messages: counted + backlog,
    uncountedMessages: backlog,
    unindexedMessages: null,
    databaseBytes: Number(bytes),
    reusableBytes: null,
    disk: null,
  };
}
