import type { Knex } from 'knex';
import type { MessageRepository } from '../../../application/ports/store.ts';
import { statsFromCounters } from '../counters/message-counters.ts';
import { listMessages } from '../query/message-queries.ts';
import { timeseriesFromCounters } from '../counters/message-timeseries.ts';
import { findReceipt, findMessage, findPayload, findStatus } from '../query/message-lookups.ts';
import { schemaHealth } from '../schema/migrator.ts';
import { postgresDialect } from './dialect.ts';
import { postgresFeed } from './feed.ts';
import { translatingErrors } from './errors.ts';
import { addUpdates } from './ingest/writes.ts';

/** One snapshot for all statements, so that a page, its total and the counters are consistent. */
const SNAPSHOT: Knex.TransactionConfig = { isolationLevel: 'repeatable read', readOnly: true };

/** The messages of a PostgreSQL database. Ingest and reads have separate pools, so that no webhook waits for a search. */
export function postgresMessageRepository(writes: Knex, reads: Knex): MessageRepository {
  const feed = postgresFeed(reads);
  return {
    async add(updates) {
      if (updates.length === 0) return [];
      return translatingErrors(() => addUpdates(writes, updates));
    },

    find: (messageId, provider) => translatingErrors(() => findMessage(reads, messageId, provider)),

    findStatus: (key) => translatingErrors(() => findStatus(reads, key)),

    findReceipt: (key) => translatingErrors(() => findReceipt(reads, key)),

    findPayload: (key) => translatingErrors(() => findPayload(reads, key)),

    list: (...asked) =>
      translatingErrors(() =>
        reads.transaction((snapshot) => listMessages(snapshot, postgresDialect, ...asked), SNAPSHOT),
      ),

    stats: () =>
      translatingErrors(() => reads.transaction((snapshot) => statsFromCounters(snapshot, postgresDialect), SNAPSHOT)),

    timeseries: (...asked) =>
      translatingErrors(() =>
        reads.transaction((snapshot) => timeseriesFromCounters(snapshot, postgresDialect, ...asked), SNAPSHOT),
      ),

    readFeed: (after, limit) => translatingErrors(() => feed.readFeed(after, limit)),

    feedEnd: () => translatingErrors(() => feed.feedEnd()),

    health: () => schemaHealth(writes),
  };
}
