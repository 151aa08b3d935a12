import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';
import { withConnection } from '../database.ts';
import { driverMessage } from '../../schema/dialect.ts';
import { APPLICATION_ID } from '../../schema/migration-lock.ts';
import { findsKnownMessages, isIndexFault } from './index-probe.ts';

/** FTS5 keeps the index in these tables (https://www.sqlite.org/fts5.html#fts5_data_structures). */
export const INDEX_TABLES = [
  'message_search_data',
  'message_search_idx',
  'message_search_docsize',
  'message_search_config',
];
/** The same statement as in the migration. */
const CREATE =
  "create virtual table message_search using fts5 (text, content = '', tokenize = 'trigram case_sensitive 1')";

/** Adds up to `limit` messages to the search index and returns their number. Rejects if the index is damaged. */
export async function addToIndex(transaction: Knex, limit: number): Promise<number> {
  const from = await indexedSeq(transaction);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (!(await findsKnownMessages(transaction))) throw new Error(DAMAGED);
  if (rows === 0) return 0;
  await transaction.raw(
    `insert into message_search (rowid, text)
     select seq, fold_case(text) from messages where seq > ? and seq <= ? and text is not null`,
    [from, upTo],
  );
  await transaction('search_progress').update({ indexed_seq: upTo });
  return rows;
}

const DAMAGED = 'the search index is damaged: run "webhook-inbox reindex"';

/** Makes an error of the driver that means damage say what to do. */
export async function explainingDamage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isIndexFault(error) ? new Error(DAMAGED, { cause: new Error(driverMessage(error)) }) : error;
  }
}

/** The `seq` up to which messages are indexed. A search must scan later ones. */
export async function indexedSeq(db: Knex): Promise<number> {
  const row = await db<{ indexed_seq: bigint }>('search_progress').first('indexed_seq');
  return Number(row?.indexed_seq ?? 0);
}

/** The last `seq` and the number of the next messages after `from`, up to `limit`. */
export async function nextMessages(db: Knex, from: number, limit: number): Promise<{ upTo: number; rows: number }> {
  const next = db('messages').where('seq', '>', from).orderBy('seq').limit(limit).select('seq').as('next');
  const found = (await db.from(next).max({ seq: 'seq' }).count({ rows: '*' }).first()) as
    { seq: bigint | null; rows: bigint } | undefined;
  return { upTo: Number(found?.seq ?? from), rows: Number(found?.rows ?? 0) };
}

/**
 * Empties the search index, whatever state its tables are in. The service refills it in the background; searches stay exact
 * meanwhile. Rejects without a change if pages of the file are damaged so that they cannot be freed.
 */
export async function resetIndex(db: Knex): Promise<void> {
  await locked(db, async (transaction) => {
    await transaction.raw(
      'create table if not exists search_progress (id integer primary key check (id = 1), indexed_seq integer not null) strict',
    );
    await transaction.raw('insert into search_progress values (1, 0) on conflict do update set indexed_seq = 0');
    await recreateIndex(transaction);
  });
}

async function recreateIndex(transaction: Knex): Promise<void> {
  await withConnection(transaction, (connection) => {
    connection.unsafeMode(true); // allows to change tables of FTS5 and the schema
    try {
      // The first drops the others, if it exists and FTS5 can open it.
      for (const table of ['message_search', ...INDEX_TABLES]) {
        if (!succeeds(connection, `drop table if exists ${table}`)) forget(connection, table);
      }
      connection.exec(CREATE);
    } finally {
      connection.unsafeMode(false);
    }
  });
}

/** Removes all tables of the index from the schema without reading their pages, which stay in the file. */
export async function forgetIndex(db: Knex): Promise<void> {
  await locked(db, (transaction) =>
    withConnection(transaction, (connection) => {
      connection.unsafeMode(true);
      try {
        for (const table of ['message_search', ...INDEX_TABLES]) forget(connection, table);
      } finally {
        connection.unsafeMode(false);
      }
    }),
  );
}

/** A write that needs no table comes first to take the lock: after a read it would fail if another process writes meanwhile. */
function locked(db: Knex, work: (transaction: Knex) => Promise<void>): Promise<void> {
  return db.transaction(async (transaction) => {
    await transaction.raw(`pragma application_id = ${String(APPLICATION_ID)}`);
    await work(transaction);
  });
}

/** Runs a statement, or nothing of it. */
function succeeds(connection: Database, sql: string): boolean {
  connection.exec('savepoint attempt');
  try {
    connection.exec(sql);
    return true;
  } catch (error) {
    if (!isIndexFault(error)) throw error;
    connection.exec('rollback to attempt');
    return false;
  } finally {
    connection.exec('release attempt');
  }
}

/** Removes a table from the schema. Its pages stay in the file until the file is rewritten. */
function forget(connection: Database, table: string): void {
  connection.pragma('writable_schema = on');
  connection.prepare('delete from sqlite_schema where tbl_name = ?').run(table);
  connection.pragma('writable_schema = reset');
}
