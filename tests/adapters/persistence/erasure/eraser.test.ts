import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { rowOf, type Dialect } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { messageEraser } from '../../../../src/adapters/persistence/erasure/message-eraser.ts';
import * as postgresDerived from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresErasing } from '../../../../src/adapters/persistence/postgres/erasure.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { rejectionLog } from '../../../../src/adapters/persistence/rejections/rejection-log.ts';
import { deriveNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { sqliteErasing } from '../../../../src/adapters/persistence/sqlite/erasure.ts';
import { idNamesNumber } from '../../../../src/adapters/providers/whatsapp/message-id.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { emptyTables, openTestPostgres } from '../../../support/postgres.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { erase, eraserContract, type ErasableStore } from './eraser-contract.ts';
import { everyMessage, id, message, micros, number } from '../contract/repository-fixtures.ts';

const asItIs = <T>(work: () => Promise<T>): Promise<T> => work();
const outside = { translate: asItIs, idNames: idNamesNumber };

const bodiesIn = (db: Knex) => async (): Promise<string[]> => {
  const rows = (await db('payloads').select('body').orderBy('id')) as { body: Uint8Array }[];
  return rows.map(({ body }) => Buffer.from(body).toString());
};

/** Counter rows that should have been deleted. */
async function emptyCounters(db: Knex): Promise<string[]> {
  const tables = ['sender_counts', 'period_counts'];
  const counts = await Promise.all(tables.map((table) => db(table).where('messages', '<=', 0).select('*')));
  return tables.filter((_, i) => counts[i]?.length !== 0).map((table) => `${table} has empty rows`);
}

/** Bodies to which messages refer and which are missing. */
async function lostBodies(db: Knex): Promise<string[]> {
  const rows = await db('messages').whereNotNull('payload').whereNotIn('payload', db('payloads').select('id'));
  return rows.length === 0 ? [] : ['bodies are missing'];
}

async function faults(db: Knex, dialect: Dialect): Promise<string[]> {
  return [...(await wrongCounters(db, dialect)), ...(await emptyCounters(db)), ...(await lostBodies(db))];
}

function sqliteStore(db: Knex): ErasableStore {
  return {
    repository: sqliteMessageRepository(db),
    eraser: messageEraser(db, sqliteDialect, sqliteErasing, outside),
    rejections: rejectionLog({ writes: db, reads: db }, asItIs),
    deriveNext: (limit) => deriveNext(db, limit),
    async faults() {
      // Rejects if the index does not match its own checksums.
      await db.raw("insert into message_search (message_search) values ('integrity-check')");
      await db.raw(
        "create virtual table if not exists temp.entries using fts5vocab (main, message_search, 'instance')",
      );
      const indexed = await db.raw<object[]>(
        'select 1 from temp.entries where doc not in (select seq from messages) limit 1',
      );
      return [
        ...(await faults(db, sqliteDialect)),
        ...(indexed.length > 0 ? ['the index contains deleted messages'] : []),
      ];
    },
    bodies: bodiesIn(db),
  };
}

eraserContract('SQLite', async (test) => {
  const { db, close } = await openTestDatabase();
  try {
    await test(sqliteStore(db));
  } finally {
    await close();
  }
});

let postgres: Awaited<ReturnType<typeof openTestPostgres>>;
beforeAll(async () => {
  postgres = await openTestPostgres();
});
afterAll(() => postgres.close());

eraserContract('PostgreSQL', async (test) => {
  const { db } = postgres;
  await emptyTables(db);
  await db('rejections').delete();
  await test({
    repository: postgresMessageRepository(db, db),
    eraser: messageEraser(db, postgresDialect, postgresErasing, outside),
    rejections: rejectionLog({ writes: db, reads: db }, asItIs),
    deriveNext: (limit) => postgresDerived.deriveNext(db, limit),
    faults: () => faults(db, postgresDialect),
    bodies: bodiesIn(db),
  });
});

describe('Between the search for candidates and the transaction that erases them', () => {
  const person = number('+919876543210');

  /** A store in which `others` run before each transaction of the eraser. */
  async function overtaken(
    others: (store: ErasableStore, db: Knex) => Promise<unknown>,
    test: (store: ErasableStore) => Promise<void>,
  ): Promise<void> {
    const { db, close } = await openTestDatabase();
    const store = sqliteStore(db);
    const exclusively: typeof sqliteErasing.exclusively = async (...args) => {
      await others(store, db);
      return sqliteErasing.exclusively(...args);
    };
    try {
      await test({ ...store, eraser: messageEraser(db, sqliteDialect, { ...sqliteErasing, exclusively }, outside) });
    } finally {
      await close();
    }
  }

  it('a message that another process erased and its provider sent again stays', () => {
    const old = message('old', { sentAt: micros(1) });
    return overtaken(
      async ({ repository }, db) => {
        await db('messages').delete();
        await repository.add([{ ...old, receivedAt: micros(3_000) }]);
      },
      async ({ repository, eraser }) => {
        await repository.add([{ ...old, receivedAt: micros(1) }]);
        const rule = { of: 'age' as const, before: micros(2_000), keepFrom: [], keepSince: null };
        expect(await erase(eraser, rule)).toMatchObject({ messages: 0 });
        expect(await everyMessage(repository)).toEqual([old]);
      },
    );
  });

  it('the status of a message that was stored stays', () => {
    const state = { kind: 'status', provider: WEBHOOK, messageId: id('new'), state: 'read', at: micros(1) } as const;
    return overtaken(
      ({ repository }) => repository.add([message('new', { sentAt: micros(3_000) })]),
      async ({ repository, eraser }) => {
        await repository.add([state]);
        const rule = { of: 'age' as const, before: micros(2_000), keepFrom: [], keepSince: null };
        expect(await erase(eraser, rule)).toMatchObject({ statuses: 0 });
        expect(await repository.findStatus(messageKey(state))).toEqual({ state: 'read', at: micros(1) });
      },
    );
  });

  it('the body of a message that got the id of a deleted body stays', () => {
    const body = (text: string) => ({ mediaType: 'text/plain', body: Buffer.from(text) });
    return overtaken(
      async ({ repository }, db) => {
        await db('payloads').delete();
        await repository.add([{ ...message('new'), payload: body('of 919876543210, by others') }]);
      },
      async ({ repository, eraser, bodies, faults }) => {
        await repository.add([{ kind: 'unknown', provider: WEBHOOK, payload: body('919876543210') }]);
        expect(await erase(eraser, { of: 'person', number: person })).toMatchObject({ bodies: 0 });
        expect(await bodies()).toEqual(['of 919876543210, by others']);
        expect(await faults()).toEqual([]);
      },
    );
  });
});

describe('On PostgreSQL, beside other processes', () => {
  const rule = { of: 'age' as const, before: micros(2_000), keepFrom: [], keepSince: null };
  const old = message('old', { sentAt: micros(1) });
  const eraserOf = (db: Knex) => messageEraser(db, postgresDialect, postgresErasing, outside);

  /** Resolves when a session waits for a lock. */
  async function somebodyWaits(db: Knex): Promise<void> {
    const sql = `select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()) as so`;
    while (!(await rowOf<{ so: boolean }>(db, sql)).so) await new Promise((resolve) => setImmediate(resolve));
  }

  beforeEach(async () => {
    await emptyTables(postgres.db);
    await postgresMessageRepository(postgres.db, postgres.db).add([old]);
  });

  it('erasing waits for a process that counts a message, and then subtracts it from the counters', async () => {
    const { db } = postgres;
    const counting = await db.transaction();
    await postgresDerived.deriveNext(counting, 10);
    const erasing = erase(eraserOf(db), rule);
    await somebodyWaits(db);
    await counting.commit();
    expect(await erasing).toMatchObject({ messages: 1 });
    expect(await faults(db, postgresDialect)).toEqual([]);
  });

  it('one process erases at a time, and another gets `busy` immediately', async () => {
    const { db } = postgres;
    const blocking = await db.transaction();
    await blocking('messages').select('message_id').forUpdate();
    const erasing = erase(eraserOf(db), rule);
    await somebodyWaits(db);
    expect(await eraserOf(db).eraseNext(rule, null)).toBe('busy');
    await blocking.rollback();
    expect(await erasing).toMatchObject({ messages: 1 });
  });
});
