import type { Knex } from 'knex';
import type { MessageRepository } from '../../../application/ports.ts';
import { statsFromCounters } from '../message-counters.ts';
import { listMessages } from '../message-queries.ts';
import { timeseriesFromCounters } from '../message-timeseries.ts';
import { findArrival, findMessage, findPayload, findStatus } from '../message-lookups.ts';
import { schemaHealth } from '../migrator.ts';
import { postgresDialect } from './dialect.ts';
import { arrivalsAfter, latestArrival } from './arrivals.ts';
import { translatingErrors } from './store-errors.ts';
import { addUpdates } from './writes.ts';

/** One snapshot for all statements, so that a page, its total and the counters belong together. */
const SNAPSHOT: Knex.TransactionConfig = { isolationLevel: 'repeatable read', readOnly: true };

/** Messages in PostgreSQL. Ingest and reads have a pool each, so that no search keeps a webhook waiting. */
export function postgresMessageRepository(writes: Knex, reads: Knex): MessageRepository {
  return {
    async add(updates) {
      if (updates.length === 0) return [];
      return translatingErrors(() => addUpdates(writes, updates));
    },

    find: (messageId, provider) => translatingErrors(() => findMessage(reads, messageId, provider)),

    findStatus: (key) => translatingErrors(() => findStatus(reads, key)),

    findArrival: (key) => translatingErrors(() => findArrival(reads, key)),

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

    arrivals: (after, limit) => translatingErrors(() => arrivalsAfter(reads, after, limit)),

    latestArrival: () => translatingErrors(() => latestArrival(reads)),

    health: () => schemaHealth(writes),
  };
}
