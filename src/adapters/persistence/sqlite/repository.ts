import type { Knex } from 'knex';
import type { MessageRepository } from '../../../application/ports/store.ts';
import { statsFromCounters } from '../counters/message-counters.ts';
import { listMessages } from '../query/message-queries.ts';
import { timeseriesFromCounters } from '../counters/message-timeseries.ts';
import { findReceipt, findMessage, findPayload, findStatus } from '../query/message-lookups.ts';
import { schemaHealth } from '../schema/migrator.ts';
import { withConnection } from './database.ts';
import { sqliteDialect } from './dialect.ts';
import { addUpdates } from './writes.ts';
import { feedAfter, feedEnd } from './feed.ts';
import { translatingErrors } from './errors.ts';

/** The messages of an SQLite database that openSqlite opened and migrateLatest migrated. */
export function sqliteMessageRepository(db: Knex): MessageRepository {
  return {
    async add(updates) {
      if (updates.length === 0) return [];
      return translatingErrors(() => withConnection(db, (connection) => addUpdates(connection, updates)));
    },

    find: (messageId, provider) => translatingErrors(() => findMessage(db, messageId, provider)),

    findStatus: (key) => translatingErrors(() => findStatus(db, key)),

    findReceipt: (key) => translatingErrors(() => findReceipt(db, key)),

    findPayload: (key) => translatingErrors(() => findPayload(db, key)),

    // A transaction, so that the page and its total belong to one snapshot.
    list: (...asked) => inSnapshot(db, (snapshot) => listMessages(snapshot, sqliteDialect, ...asked)),

    stats: () => inSnapshot(db, (snapshot) => statsFromCounters(snapshot, sqliteDialect)),

    timeseries: (...asked) => inSnapshot(db, (snapshot) => timeseriesFromCounters(snapshot, sqliteDialect, ...asked)),

    readFeed: (after, limit) => translatingErrors(() => feedAfter(db, after, limit)),

    feedEnd: () => translatingErrors(() => feedEnd(db)),

    health: () => schemaHealth(db),
  };
}

/** Reads in one transaction. Its commit may fail because the search index is damaged, after the read has worked without it. */
function inSnapshot<T>(db: Knex, read: (snapshot: Knex) => Promise<T>): Promise<T> {
  return translatingErrors(async () => {
    let answer: { readonly value: T } | undefined;
    try {
      return await db.transaction(async (snapshot) => (answer = { value: await read(snapshot) }).value);
    } catch (error) {
      if (answer === undefined) throw error;
      return answer.value;
    }
  });
}
