import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { countBefore } from '../../../../src/adapters/persistence/counters/message-counters.ts';
import { PERIOD_WIDTHS } from '../../../../src/adapters/persistence/counters/periods.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { migrationNames, migrationSource } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest, migrateRollback, schemaStatus } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { deriveNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { comparePositions, type Message } from '../../../../src/domain/message.ts';
import { statsOf } from '../../../../src/domain/stats.ts';
import { FIRST_INSTANT, LAST_INSTANT, messages } from '../../../support/arbitraries.ts';
import { insertRows, migrating, reading, temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { everyMessage, message, micros, runs } from '../contract/repository-fixtures.ts';

const CONFIG: Knex.MigratorConfig = { migrationSource, tableName: 'knex_migrations' };

/** Messages of a few senders around the limits of every period and at both ends of time. */
const kept: readonly Message[] = [
  ...PERIOD_WIDTHS.flatMap((width) =>
    [-3n, -1n, 0n, 1n, 1_000n].flatMap((times) => [-1n, 0n, 1n].map((d) => BigInt(width) * 1_000_000n * times + d)),
  ),
  ...[FIRST_INSTANT, FIRST_INSTANT + 1n, LAST_INSTANT, LAST_INSTANT - 59_999_999n, LAST_INSTANT - 60_000_000n],
].map((sentAt, i) =>
  message(`m${String(i)}`, {
    sentAt: micros(sentAt),
    from: `+${String(i % 7)}`,
    text: i % 5 === 0 ? null : `Straße ${String(i)}`,
  }),
);

const rowsOf = (db: Knex): Promise<unknown> =>
  db.raw(
    'select message_id, from_msisdn, to_msisdn, cast(sent_at as text) as sent_at, text from messages order by seq',
  );

describe('Migrating', () => {
  let folder: TemporaryFolder;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = folder.file('app.db');
  });
  afterEach(() => folder.remove());

  it('applies and reverts step by step and loses no message', () =>
    migrating(file, async (db) => {
      const names = await migrationNames();
      await db.migrate.up(CONFIG);
      await insertRows(db, kept);
      const before = await rowsOf(db);
      for (let round = 0; round < 2; round++) {
        for (const name of names.slice(1)) {
          expect((await schemaStatus(db)).pending[0]).toBe(name);
          await db.migrate.up(CONFIG);
          expect(await rowsOf(db)).toEqual(before);
        }
        expect((await schemaStatus(db)).pending).toEqual([]);
        for (const name of names.slice(1).toReversed()) {
          await db.migrate.down(CONFIG);
          expect((await schemaStatus(db)).pending[0]).toBe(name);
          expect(await rowsOf(db)).toEqual(before);
        }
      }
      await db.migrate.down(CONFIG);
      const left = await db.raw<{ name: string }[]>("select name from sqlite_schema where name not like 'sqlite%'");
      expect(left.map(({ name }) => name).sort()).toEqual(['knex_migrations', 'knex_migrations_lock']);
    }));

  it('counts the messages that were stored before the counters existed', async () => {
    await migrating(file, async (db) => {
      await db.migrate.up(CONFIG);
      await insertRows(db, kept);
      expect(await migrateLatest(db)).toEqual((await migrationNames()).slice(1));
    });
    await reading(file, async (db) => {
      const repository = sqliteMessageRepository(db);
      expect(await everyMessage(repository)).toEqual(kept.toSorted(comparePositions));
      expect(await repository.stats()).toEqual(statsOf(kept));
      for (const instant of kept.flatMap(({ sentAt }) => [sentAt, sentAt + 1n]).filter((one) => one <= LAST_INSTANT)) {
        const expected = kept.filter(({ sentAt }) => sentAt < instant).length;
        expect([instant, await countBefore(db, sqliteDialect, micros(instant))]).toEqual([instant, expected]);
      }
    });
  });

  it('counts them exactly as adding them would', () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(messages, { selector: (one) => one.messageId, maxLength: 30 }), async (rows) => {
        const contents = (db: Knex) =>
          Promise.all(['message_totals', 'sender_counts', 'period_counts'].map((table) => db(table).select('*')));
        const [late, early] = [folder.file(crypto.randomUUID()), folder.file(crypto.randomUUID())];
        const filledBefore = await migrating(late, async (db) => {
          await db.migrate.up(CONFIG);
          await insertRows(db, rows);
          await migrateLatest(db);
          return contents(db);
        });
        await migrating(early, migrateLatest);
        const db = openSqlite({ file: early });
        await sqliteMessageRepository(db).add(rows);
        await deriveNext(db, rows.length + 1);
        await db.destroy();
        expect(filledBefore).toEqual(await migrating(early, contents));
      }),
      runs(8),
    ));

  it('counts the whole backlog when it reverts to a version that counts synchronously', async () => {
    await migrating(file, migrateLatest);
    await reading(file, async (db) => {
      const repository = sqliteMessageRepository(db);
      await repository.add(kept.slice(0, 20));
      await deriveNext(db, 10);
    });
    await migrating(file, async (db) => {
      const lagging = '20261125000001_lagging_counters';
      while ((await schemaStatus(db)).applied.includes(lagging)) await db.migrate.down(CONFIG);
      const scan = 'select from_msisdn, count(*) as messages from messages group by from_msisdn order by from_msisdn';
      expect(await db('sender_counts').orderBy('from_msisdn')).toEqual(await db.raw(scan));
      const days = await db('period_counts').where({ width: 86_400 }).sum({ messages: 'messages' });
      expect(days).toEqual([{ messages: 20 }]);
      expect(await db('message_totals')).toEqual([{ id: 1, messages: 20, senders: 7 }]);
    });
  });

  it('lets the search index include messages that were stored before it existed', async () => {
    await migrating(file, async (db) => {
      await db.migrate.up(CONFIG);
      await insertRows(db, kept);
      await migrateLatest(db);
    });
    await reading(file, async (db) => {
      const expected = kept.filter(({ text }) => text !== null).length;
      const matching = () => sqliteMessageRepository(db).list({ contains: 'STRASSE' }, { offset: 0 }, 1);
      expect((await matching()).total).toBe(expected);
      expect(await deriveNext(db, 1_000)).toBe(kept.length);
      expect((await matching()).total).toBe(expected);
    });
  });

  it('does nothing if nothing is pending', () =>
    migrating(file, async (db) => {
      expect(await migrateRollback(db)).toEqual([]);
      expect(await migrateLatest(db)).toEqual(await migrationNames());
      await insertRows(db, kept);
      expect(await migrateLatest(db)).toEqual([]);
      expect(await rowsOf(db)).toHaveLength(kept.length);
    }));

  it('reverts what the last run applied, and applies it again', async () => {
    const names = await migrationNames();
    await migrating(file, async (db) => {
      await db.migrate.up(CONFIG);
      await insertRows(db, kept);
      expect(await migrateLatest(db)).toEqual(names.slice(1));
      expect(await migrateRollback(db)).toEqual(names.slice(1).toReversed());
      expect(await rowsOf(db)).toHaveLength(kept.length);
      expect(await migrateLatest(db)).toEqual(names.slice(1));
    });
    await reading(file, async (db) => {
      const repository = sqliteMessageRepository(db);
      expect(await repository.add([message('new'), message('m0')])).toEqual(['created', 'conflict']);
      expect(await repository.stats()).toEqual(statsOf([...kept, message('new')]));
    });
  });

  it('never reverts the table of messages while it contains any', () =>
    migrating(file, async (db) => {
      const names = await migrateLatest(db);
      await insertRows(db, kept);
      await expect(migrateRollback(db)).rejects.toThrow('would drop the messages');
      expect((await schemaStatus(db)).applied).toEqual(names);
      expect(await rowsOf(db)).toHaveLength(kept.length);
      await db('messages').delete();
      expect(await migrateRollback(db)).toEqual(names.toReversed());
    }));

  it('marks the file as a database of this program', () =>
    migrating(file, async (db) => {
      await migrateLatest(db);
      expect(await db.raw('pragma application_id')).toEqual([{ application_id: Buffer.from('WHIN').readInt32BE() }]);
    }));
});
