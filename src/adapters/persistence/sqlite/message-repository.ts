import type { Knex } from 'knex';
import type { MessageRepository } from '../../../application/ports.ts';
import { statsFromCounters } from '../message-counters.ts';
import { listMessages } from '../message-queries.ts';
import { timeseriesFromCounters } from '../message-timeseries.ts';
import { findArrival, findMessage, findPayload, findStatus } from '../message-lookups.ts';
import { schemaHealth } from '../migrator.ts';
import { withConnection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { addUpdates } from './writes.ts';
import { arrivalsAfter, latestArrival } from './arrivals.ts';
import { translatingErrors } from './store-errors.ts';

/** Messages in an SQLite database that openSqlite opened and migrateLatest brought up to date. */
export function sqliteMessageRepository(db: Knex): MessageRepository {
  return {
    async add(updates) {
      if (updates.length === 0) return [];
      return translatingErrors(() => withConnection(db, (connection) => addUpdates(connection, updates)));
    },

    find: (messageId, provider) => translatingErrors(() => findMessage(db, messageId, provider)),

    findStatus: (key) => translatingErrors(() => findStatus(db, key)),

    findArrival: (key) => translatingErrors(() => findArrival(db, key)),

    findPayload: (key) => translatingErrors(() => findPayload(db, key)),

    // One transaction for one snapshot: a page and a total that belong together.
    list: (...asked) =>
      translatingErrors(() => db.transaction((snapshot) => listMessages(snapshot, sqliteDialect, ...asked))),

    stats: () => translatingErrors(() => db.transaction((snapshot) => statsFromCounters(snapshot, sqliteDialect))),

    timeseries: (...asked) =>
      translatingErrors(() => db.transaction((snapshot) => timeseriesFromCounters(snapshot, sqliteDialect, ...asked))),

    arrivals: (after, limit) => translatingErrors(() => arrivalsAfter(db, after, limit)),

    latestArrival: () => translatingErrors(() => latestArrival(db)),

    health: () => schemaHealth(db),
  };
}
