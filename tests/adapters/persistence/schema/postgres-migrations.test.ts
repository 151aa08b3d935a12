import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { rowOf, rowsOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { migrationNames, migrationSource } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest, migrateRollback, schemaHealth } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { comparePositions } from '../../../../src/domain/message.ts';
import { foldCase } from '../../../../src/domain/text-folding.ts';
import { statsOf } from '../../../../src/domain/stats.ts';
import { newPostgresDatabase, openTestPool, type PostgresDatabase } from '../../../support/postgres.ts';
import { insertRows } from '../../../support/sqlite.ts';
import { CLI, node, ROOT } from './node-process.ts';
import { everyMessage, manyMessages, message } from '../contract/repository-fixtures.ts';

const CONFIG: Knex.MigratorConfig = { migrationSource, tableName: 'knex_migrations' };
const kept = [...manyMessages(300), message('sharp', { text: 'Straße' }), message('none', { text: null })];

describe('Migrating PostgreSQL', () => {
  let database: PostgresDatabase;
  let db: Knex;
  beforeEach(async () => {
    database = await newPostgresDatabase();
    db = openTestPool(database.url);
  });
  afterEach(async () => {
    await db.destroy();
    await database.close();
  });

  /** Stores them as the version of the first migration did. */
  async function fill(): Promise<void> {
    await insertRows(db, kept);
    for (const { messageId, text } of kept) {
      if (text !== null)
        await db('messages')
          .where('message_id', messageId)
          .update({ folded: foldCase(text) });
    }
  }

  const VALID = { indisvalid: true, method: 'gin' };
  const searchIndex = () =>
    rowsOf(
      db,
      `select indisvalid, (select amname from pg_am where oid = relam) as method
       from pg_index join pg_class on pg_class.oid = indexrelid where relname like 'messages_by_trigram%'`,
    );

  it('applies and reverts step by step and loses no message', async () => {
    const names = await migrationNames();
    await db.migrate.up(CONFIG);
    await fill();
    const rows = () => db('messages').select('message_id', 'text', 'sent_at').orderBy('message_id');
    const before: unknown = await rows();
    for (let round = 0; round < 2; round++) {
      for (let up = 1; up < names.length; up++) await db.migrate.up(CONFIG);
      expect(await schemaHealth(db)).toEqual({ database: 'ok', schema: 'ok' });
      expect(await rows()).toEqual(before);
      for (let down = 1; down < names.length; down++) await db.migrate.down(CONFIG);
      expect(await schemaHealth(db)).toEqual({ database: 'ok', schema: 'outdated' });
      expect(await rows()).toEqual(before);
    }
  });

  it('counts and indexes the messages that were stored before', async () => {
    await db.migrate.up(CONFIG);
    await fill();
    expect(await migrateLatest(db)).toEqual((await migrationNames()).slice(1));
    const repository = postgresMessageRepository(db, db);
    for (const counted of [0, kept.length]) {
      expect(await deriveNext(db, counted)).toBe(counted);
      expect(await everyMessage(repository)).toEqual(kept.toSorted(comparePositions));
      expect(await repository.stats()).toEqual(statsOf(kept));
      expect((await repository.list({ contains: 'STRASSE' }, { offset: 0 }, 9)).total).toBe(1);
      expect(await wrongCounters(db, postgresDialect)).toEqual([]);
    }
  });

  it('reverts what the last run applied, and applies it again', async () => {
    const names = await migrationNames();
    expect(await migrateRollback(db)).toEqual([]);
    expect(await migrateLatest(db)).toEqual(names);
    expect(await migrateLatest(db)).toEqual([]);
    expect(await migrateRollback(db)).toEqual(names.toReversed());
    expect(await migrateLatest(db)).toEqual(names);
  });

  it('never reverts the table of messages while it contains any, nor anything else then', async () => {
    const names = await migrateLatest(db);
    await fill();
    await expect(migrateRollback(db)).rejects.toThrow('would drop the messages');
    expect(await schemaHealth(db)).toEqual({ database: 'ok', schema: 'ok' });
    expect(await db('messages').select('message_id')).toHaveLength(kept.length);
    await db('messages').delete();
    expect(await migrateRollback(db)).toEqual(names.toReversed());
  });

  it('replaces the index of an interrupted attempt', async () => {
    for (let step = 0; step < 2; step++) await db.migrate.up(CONFIG);
    await db.raw('create index messages_by_trigram on messages (folded)');
    await db.raw("update pg_index set indisvalid = false where indexrelid = 'messages_by_trigram'::regclass");
    await migrateLatest(db);
    expect(await searchIndex()).toEqual([VALID]);
  });

  it('builds the search index while messages are stored, and includes them', async () => {
    for (let step = 0; step < 2; step++) await db.migrate.up(CONFIG);
    await db.raw(`insert into messages
      select 'old ' || i, '+1', '+2', i, md5(i::text), md5(i::text) from generate_series(1, 30000) as i`);
    const other = openTestPool(database.url);
    let stored = 0;
    let migrating = true;
    /** Stores one as the version before the search index does. */
    async function store(): Promise<void> {
      for (; migrating; stored++) {
        const values = `'meanwhile ${String(stored)}', '+1', '+2', 1, 'meanwhile', 'meanwhile'`;
        await other.raw(`insert into messages values (${values})`);
      }
    }
    const marks: number[] = [];
    const mark = ({ sql }: { sql: string }) => {
      if (sql.includes('create index')) marks.push(stored);
    };
    db.on('query', mark);
    db.on('query-response', (_response: unknown, query: { sql: string }) => {
      mark(query);
    });
    const storing = store();
    await migrateLatest(db);
    migrating = false;
    await storing;
    await other.destroy();
    const [before = 0, after = 0] = marks;
    expect(after - before).toBeGreaterThan(5); // commits while that one statement ran; a blocking one would allow up to two
    const found = await db.transaction(async (transaction) => {
      await transaction.raw('set local enable_seqscan = off');
      return rowOf<{ rows: bigint }>(
        transaction,
        "select count(*) as rows from messages where folded like '%meanwhile%'",
      );
    });
    expect(found).toEqual({ rows: BigInt(stored) });
    expect(await searchIndex()).toEqual([VALID]);
  });

  it('that is interrupted while it waits for another transaction can be restarted and completes', async () => {
    for (let step = 0; step < 2; step++) await db.migrate.up(CONFIG);
    await fill();
    const other = openTestPool(database.url);
    const writer = await other.transaction();
    await writer.raw("update messages set text = 'unfinished' where message_id = 'sharp'");
    const cutOff = migrateLatest(db).then(
      () => 'done',
      (error: unknown) => error,
    );
    const building = "from pg_stat_activity where datname = current_database() and query like '%create index concur%'";
    const ended = async () =>
      rowsOf(
        other,
        `select pg_terminate_backend(pid) ${building} and wait_event_type = 'Lock' and pid <> pg_backend_pid()`,
      );
    while ((await ended()).length === 0) await delay(20);
    expect(await cutOff).toMatchObject({ code: '57P01' });
    expect(await searchIndex()).toEqual([{ ...VALID, indisvalid: false }]);

    const again = migrateLatest(db);
    await delay(200); // it waits for the same transaction
    await writer.commit();
    expect(await again).toEqual((await migrationNames()).slice(2));
    expect(await searchIndex()).toEqual([VALID]);
    await other.destroy();
  });

  it('ignores the lock row of a killed process', async () => {
    await db.migrate.up(CONFIG);
    await db('knex_migrations_lock').update({ is_locked: 1 });
    expect(await migrateLatest(db)).toEqual((await migrationNames()).slice(1));
  });

  it('happens once if ten processes start at the same time, and all of them finish', async () => {
    const run = () => node(ROOT, [CLI, 'migrate', 'latest'], { DATABASE_URL: database.url });
    const ended = await Promise.all(Array.from({ length: 10 }, run));
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(10).fill({ code: 0, stderr: '' }));
    const applied = ended.filter(({ stdout }) => stdout.includes('applied'));
    expect(applied).toHaveLength(1);
    expect(await schemaHealth(db)).toEqual({ database: 'ok', schema: 'ok' });
  });
});
