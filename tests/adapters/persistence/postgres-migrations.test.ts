import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../src/adapters/persistence/counter-check.ts';
import { migrationNames, migrationSource } from '../../../src/adapters/persistence/migration-source.ts';
import { migrateLatest, migrateRollback, schemaHealth } from '../../../src/adapters/persistence/migrator.ts';
import { deriveNext } from '../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresDialect } from '../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../src/adapters/persistence/postgres/message-repository.ts';
import { comparePositions } from '../../../src/domain/message.ts';
import { foldCase } from '../../../src/domain/search.ts';
import { statsOf } from '../../../src/domain/stats.ts';
import { newPostgresDatabase, openTestPool, type PostgresDatabase } from '../../support/postgres.ts';
import { insertRows } from '../../support/sqlite.ts';
import { MIGRATE, node, ROOT } from './node-process.ts';
import { everyMessage, manyMessages, message } from './repository-fixtures.ts';

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

  /** As the version of the first migration stored them. */
  async function fill(): Promise<void> {
    await insertRows(db, kept);
    for (const { messageId, text } of kept) {
      if (text !== null)
        await db('messages')
          .where('message_id', messageId)
          .update({ folded: foldCase(text) });
    }
  }

  it('goes up and down step by step and loses no message', async () => {
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

  it('counts and indexes the messages that were there before', async () => {
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

  it('takes back what the last run applied, and applies it again', async () => {
    const names = await migrationNames();
    expect(await migrateRollback(db)).toEqual([]);
    expect(await migrateLatest(db)).toEqual(names);
    expect(await migrateLatest(db)).toEqual([]);
    expect(await migrateRollback(db)).toEqual(names.toReversed());
    expect(await migrateLatest(db)).toEqual(names);
  });

  it('replaces the index of an attempt that was cut off', async () => {
    for (let step = 0; step < 2; step++) await db.migrate.up(CONFIG);
    await db.raw('create index messages_by_trigram on messages (folded)');
    await db.raw("update pg_index set indisvalid = false where indexrelid = 'messages_by_trigram'::regclass");
    await migrateLatest(db);
    const { rows } = await db.raw<{ rows: { indisvalid: boolean; method: string }[] }>(`
      select indisvalid, (select amname from pg_am where oid = relam) as method
      from pg_index join pg_class on pg_class.oid = indexrelid where relname = 'messages_by_trigram'`);
    expect(rows).toEqual([{ indisvalid: true, method: 'gin' }]);
  });

  it('is not held up by the mark that a dead process left', async () => {
    await db.migrate.up(CONFIG);
    await db('knex_migrations_lock').update({ is_locked: 1 });
    expect(await migrateLatest(db)).toEqual((await migrationNames()).slice(1));
  });

  it('is done once when ten processes start at the same time, and none waits for ever', async () => {
    const run = () => node(ROOT, [MIGRATE, 'latest'], { DATABASE_URL: database.url });
    const ended = await Promise.all(Array.from({ length: 10 }, run));
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(10).fill({ code: 0, stderr: '' }));
    const applied = ended.filter(({ stdout }) => stdout.includes('applied'));
    expect(applied).toHaveLength(1);
    expect(await schemaHealth(db)).toEqual({ database: 'ok', schema: 'ok' });
  }, 60_000);
});
