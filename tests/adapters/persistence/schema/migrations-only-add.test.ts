import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import {
  isBreaking,
  migrationNames,
  migrationSource,
} from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { newPostgresDatabase, openTestPool } from '../../../support/postgres.ts';
import { temporaryFolder } from '../../../support/sqlite.ts';
import { schemaShape, whatBreaks } from './schema-shape.ts';

const CONFIG: Knex.MigratorConfig = { migrationSource, tableName: 'knex_migrations' };

type Opened = [db: Knex, remove: () => Promise<void>];
const ENGINES: Record<string, () => Promise<Opened>> = {
  async SQLite() {
    const folder = await temporaryFolder();
    return [openSqlite({ file: folder.file('app.db'), bigIntegers: false }), folder.remove];
  },
  async PostgreSQL() {
    const database = await newPostgresDatabase();
    return [openTestPool(database.url), database.close];
  },
};

/** Changes that would break a replica of the previous version, and the finding for each. */
const BREAKING: readonly [statement: string, found: RegExp][] = [
  ['alter table messages drop column text', /^messages\.text is gone$/],
  ['alter table messages rename column text to body', /^messages\.text is gone$/],
  ['drop table rejections', /^rejections is gone$/],
  ['alter table rejections rename to refusals', /^rejections is gone$/],
  ['create unique index one_to_each on messages (from_msisdn, to_msisdn)', /^messages demands unique from_msisdn, /],
  ['create unique index one_text on messages (lower(text))', /^messages demands unique /],
];
const BREAKING_ON: Record<string, readonly [statement: string, found: RegExp][]> = {
  SQLite: [
    [
      'create trigger no_text before insert on messages begin select raise(abort, 1); end',
      /^messages demands create trigger no_text/i,
    ],
  ],
  PostgreSQL: [
    ['alter table rejections add column note text not null', /^rejections\.note is required$/],
    ['alter table messages alter column text set not null', /^messages\.text is required$/],
    ['alter table uncounted alter column sent_at type numeric', /^uncounted\.sent_at was bigint and is numeric$/],
    ['alter table messages add check (text <> from_msisdn)', /^messages demands CHECK/],
  ],
};
/** Changes that break nothing. */
const ADDING = [
  'alter table messages add column note text',
  "alter table messages add column channel text not null default ''",
  'create unique index one_note on messages (note) where note is not null',
  'create index messages_by_text on messages (text)',
  'create table notes (id integer primary key, text text not null)',
];

describe.each(Object.keys(ENGINES))('Migrations on %s', (engine) => {
  let db: Knex;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    [db, remove] = await (ENGINES[engine] as () => Promise<Opened>)();
  });
  afterEach(async () => {
    await db.destroy();
    await remove();
  });

  it('only add unless their name says breaking, so that the previous version keeps working', async () => {
    const names = await migrationNames();
    for (const name of names) {
      const before = await schemaShape(db);
      await db.migrate.up(CONFIG);
      if (!isBreaking(name)) expect([name, whatBreaks(before, await schemaShape(db))]).toEqual([name, []]);
    }
    expect(Object.keys(await schemaShape(db))).toContain('messages');
  });

  it('are reported if they break what the previous version needs, and not if they only add', async () => {
    await migrateLatest(db);
    const shape = await schemaShape(db);
    for (const [statement, found] of [...BREAKING, ...(BREAKING_ON[engine] ?? [])]) {
      const transaction = await db.transaction();
      await transaction.raw(statement);
      expect(whatBreaks(shape, await schemaShape(transaction))).toEqual([expect.stringMatching(found)]);
      await transaction.rollback();
    }
    for (const statement of ADDING) await db.raw(statement);
    expect(whatBreaks(shape, await schemaShape(db))).toEqual([]);
  });

  it.each([
    ['20270101000000_breaking_drop_folded', true],
    ['20270101000000_add_unbreaking_note', false],
    ['20270101000000_breakingnews', false],
  ])('declare in their name whether they break: %s', (name, breaking) => {
    expect(isBreaking(name)).toBe(breaking);
  });
});
