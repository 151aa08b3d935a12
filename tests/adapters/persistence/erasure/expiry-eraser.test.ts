import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { expiryEraser, type ExpiryDatabase } from '../../../../src/adapters/persistence/erasure/expiry-eraser.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresErasing } from '../../../../src/adapters/persistence/postgres/erasure.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { sqliteErasing } from '../../../../src/adapters/persistence/sqlite/erasure.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import type { ErasureCursor, MessageRepository } from '../../../../src/application/ports/store.ts';
import type { ExpiryRule } from '../../../../src/domain/erasure-rule.ts';
import type { NewMessage } from '../../../../src/domain/update.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { message, micros } from '../contract/repository-fixtures.ts';

const DAY = 86_400_000_000;
const rule = (before: number): ExpiryRule => ({ of: 'age', before: micros(before), keepFrom: [], keepSince: null });

/** More than one page of messages that are old by their timestamps; every third was received late. */
const STORED: NewMessage[] = Array.from({ length: 6_000 }, (_, i) => ({
  ...message(`m${String(i)}`, { sentAt: micros(i) }),
  receivedAt: micros(i % 3 === 0 ? 10 * DAY + i : i),
}));

interface Opened {
  readonly db: Knex;
  readonly close: () => Promise<void>;
}

interface Engine {
  readonly open: () => Promise<Opened>;
  readonly repository: (db: Knex) => MessageRepository;
  readonly parts: Pick<ExpiryDatabase, 'dialect' | 'erasing'>;
  readonly hasServer: boolean;
}

const ENGINES: Readonly<Record<string, Engine>> = {
  SQLite: {
    open: () => openTestDatabase(),
    repository: sqliteMessageRepository,
    parts: { dialect: sqliteDialect, erasing: sqliteErasing },
    hasServer: false,
  },
  PostgreSQL: {
    open: openTestPostgres,
    repository: (db) => postgresMessageRepository(db, db),
    parts: { dialect: postgresDialect, erasing: postgresErasing },
    hasServer: true,
  },
};

describe.each(Object.entries(ENGINES))('what retention checks before it erases, on %s', (_, engine) => {
  let opened: Opened;
  const eraser = () =>
    expiryEraser({ ...engine.parts, writes: opened.db, reads: opened.db, translate: (work) => work() });

  beforeAll(async () => {
    opened = await engine.open();
    const repository = engine.repository(opened.db);
    for (let from = 0; from < STORED.length; from += 2_000) await repository.add(STORED.slice(from, from + 2_000));
  });

  afterAll(() => opened.close());

  it('is the number of messages, how many the rule may reach, and the latest receipts', async () => {
    const { messages, reach, latestReceipts } = await eraser().outlook(rule(4_000));
    expect([messages, reach, latestReceipts.length]).toEqual([6_000, 4_000, 1_000]);
    // Those of one transaction come in any order.
    expect(latestReceipts.every((receipt) => Number(receipt) % (10 * DAY) >= 4_000)).toBe(true);
  });

  it.each([0, 1, 4_000, 5_000, 6_000])('is the exact number of expired messages before %d', async (before) => {
    let [count, pages] = [0, 0];
    for (let cursor: ErasureCursor | null = null; ;) {
      const page: { count: number; next: ErasureCursor | null } = await eraser().countNext(rule(before), cursor);
      count += page.count;
      pages++;
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(count).toBe(STORED.filter((_message, i) => i < before && i % 3 !== 0).length);
    expect(pages).toBe(before >= 5_000 ? 2 : 1);
  });

  it("is the server's clock, if there is a server", async () => {
    const time = await eraser().serverTime();
    if (engine.hasServer) expect(Math.abs(Number(time) / 1_000 - Date.now())).toBeLessThan(60_000);
    else expect(time).toBeNull();
  });
});
