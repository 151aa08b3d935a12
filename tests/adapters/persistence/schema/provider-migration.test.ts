import { describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { migrationSource } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest, schemaStatus } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import { provider } from '../../../../src/domain/provider.ts';
import { databaseLocation } from '../../../../src/infrastructure/config/database-location.ts';
import { openForMaintenance } from '../../../../src/infrastructure/database.ts';
import { newPostgresDatabase } from '../../../support/postgres.ts';
import { insertRows, temporaryFolder } from '../../../support/sqlite.ts';
import { on, repositoryOf } from '../../../support/stores.ts';
import { manyMessages, message, micros } from '../contract/repository-fixtures.ts';

const CONFIG: Knex.MigratorConfig = { migrationSource, tableName: 'knex_migrations' };
const MIGRATION = '20261125000002_provider_updates';

const ENGINES: [string, () => Promise<{ url: string; close: () => Promise<void> }>][] = [
  [
    'SQLite',
    async () => {
      const folder = await temporaryFolder();
      return { url: `sqlite:///${folder.file('app.db')}`, close: () => folder.remove() };
    },
  ],
  ['PostgreSQL', newPostgresDatabase],
];

describe.each(ENGINES)('The migration for several providers in %s', (_engine, open) => {
  async function withStore(test: (url: string) => Promise<void>): Promise<void> {
    const { url, close } = await open();
    try {
      await test(url);
    } finally {
      await close();
    }
  }

  async function maintaining<T>(url: string, work: (db: Knex) => Promise<T>): Promise<T> {
    const { db } = await openForMaintenance({ database: databaseLocation(url) });
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  }

  async function upTo(db: Knex, last: string): Promise<void> {
    while (!(await schemaStatus(db)).applied.includes(last)) await db.migrate.up(CONFIG);
  }

  async function downBefore(db: Knex, first: string): Promise<void> {
    while ((await schemaStatus(db)).applied.includes(first)) await db.migrate.down(CONFIG);
  }

  it('assigns stored messages to the first provider, without a body', () =>
    withStore(async (url) => {
      const before = manyMessages(20);
      await maintaining(url, async (db) => {
        await upTo(db, '20261124000003_search_index');
        await insertRows(db, before);
        await migrateLatest(db);
      });
      await on(url, async (target) => {
        const repository = repositoryOf(target);
        for (const one of before.slice(0, 3)) {
          expect(await repository.find(one.messageId)).toEqual(one);
          expect(await repository.findPayload(messageKey(one))).toBeNull();
        }
        expect(await repository.add(before.slice(0, 2))).toEqual(['duplicate', 'duplicate']);
      });
    }));

  it('reverts, with statuses and bodies, if no message of another provider is stored', () =>
    withStore(async (url) => {
      const payload = { mediaType: 'application/json', body: Buffer.from('{}') };
      const [one] = manyMessages(1);
      if (one === undefined) throw new Error('there is one');
      await on(url, ({ add }) =>
        add([
          { ...one, payload, deliveryId: 'd' },
          { kind: 'status', provider: one.provider, messageId: one.messageId, state: 'read', at: micros(1) },
        ]),
      );
      await maintaining(url, async (db) => {
        await downBefore(db, MIGRATION);
        expect(await db('messages').pluck('message_id')).toEqual([one.messageId]);
        expect(await db.schema.hasTable('payloads')).toBe(false);
        await migrateLatest(db);
      });
      await on(url, async (target) => {
        expect(await repositoryOf(target).find(one.messageId)).toEqual(one);
      });
    }));

  it('refuses to revert if that would delete messages of other providers', () =>
    withStore(async (url) => {
      const foreign = message('foreign', { provider: provider('whatsapp') });
      await on(url, ({ add }) => add([foreign]));
      await maintaining(url, async (db) => {
        await expect(downBefore(db, MIGRATION)).rejects.toThrow('messages of other providers are stored');
      });
      await maintaining(url, async (db) => {
        expect((await schemaStatus(db)).applied).toContain(MIGRATION);
        await migrateLatest(db);
      });
      await on(url, async (target) => {
        expect(await repositoryOf(target).find(foreign.messageId)).toEqual(foreign);
      });
    }));
});
