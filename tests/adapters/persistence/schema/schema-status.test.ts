import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { migrationNames, migrationSource } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest, migrateRollback, schemaStatus } from '../../../../src/adapters/persistence/schema/migrator.ts';
import type { SchemaStatus } from '../../../../src/application/ports/maintenance.ts';
import type { StoreHealth } from '../../../../src/application/ports/store.ts';
import { migrating, reading, temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';

const CONFIG: Knex.MigratorConfig = { migrationSource, tableName: 'knex_migrations' };

describe('The schema status of a database that', () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = folder.file('app.db');
  });
  afterEach(() => folder.remove());
  const health = (): Promise<StoreHealth> => reading(file, (db) => sqliteMessageRepository(db).health());
  const status = (): Promise<SchemaStatus> => reading(file, schemaStatus);

  it('is empty', async () => {
    expect(await status()).toEqual({ applied: [], pending: await migrationNames(), unknown: [] });
    expect(await health()).toEqual({ database: 'ok', schema: 'outdated' });
  });

  it('lacks the last migration, then has it', async () => {
    const names = await migrationNames();
    await migrating(file, async (db) => {
      for (let step = 1; step < names.length; step++) await db.migrate.up(CONFIG);
    });
    expect(await status()).toEqual({ applied: names.slice(0, -1), pending: names.slice(-1), unknown: [] });
    expect(await health()).toEqual({ database: 'ok', schema: 'outdated' });
    await migrating(file, migrateLatest);
    expect(await status()).toEqual({ applied: names, pending: [], unknown: [] });
    expect(await health()).toEqual({ database: 'ok', schema: 'ok' });
  });

  it('was migrated by a newer version is unknown, and this version does not change it', async () => {
    const unknown = '29991231235959_breaking_rename';
    await migrating(file, async (db) => {
      await db.migrate.up(CONFIG);
      await db('knex_migrations').insert({ name: unknown, batch: 2, migration_time: 0 });
      await expect(migrateLatest(db)).rejects.toThrow(unknown);
      await expect(migrateRollback(db)).rejects.toThrow(unknown);
    });
    const [first, ...pending] = await migrationNames();
    expect(await status()).toEqual({ applied: [first, unknown], pending, unknown: [unknown] });
    expect(await health()).toEqual({ database: 'ok', schema: 'unknown' });
  });

  it('got only additions from a newer version is ok, and only that version can revert them', async () => {
    const added = '29991231235959_add_note';
    await migrating(file, async (db) => {
      await migrateLatest(db);
      await db('knex_migrations').insert({ name: added, batch: 2, migration_time: 0 });
      expect(await migrateLatest(db)).toEqual([]);
      await expect(migrateRollback(db)).rejects.toThrow(added);
    });
    expect((await status()).unknown).toEqual([added]);
    expect(await health()).toEqual({ database: 'ok', schema: 'ok' });

    const breaking = '29991231235960_breaking_note';
    await migrating(file, async (db) => {
      await db('knex_migrations').insert({ name: breaking, batch: 3, migration_time: 0 });
      await expect(migrateLatest(db)).rejects.toThrow(breaking);
    });
    expect(await health()).toEqual({ database: 'ok', schema: 'unknown' });
  });

  it.each([
    ['is not a database', (path: string) => writeFile(path, 'no database '.repeat(500))],
    ['is a folder', (path: string) => mkdir(path)],
  ])('%s', async (_what, make) => {
    await make(file);
    await expect(status()).rejects.toMatchObject({ code: expect.stringMatching(/NOTADB|CANTOPEN/) });
    expect(await health()).toEqual({ database: 'unreachable', schema: 'unknown' });
  });
});
