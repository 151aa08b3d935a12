import { expect, it } from '@jest/globals';
import { rowsOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { postgresReindex } from '../../../../src/adapters/persistence/postgres/search/reindex.ts';
import { postgresStorage } from '../../../../src/adapters/persistence/postgres/storage.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { manyMessages } from '../contract/repository-fixtures.ts';

it('PostgreSQL reclaims storage while an index is built, and neither interrupts the other', async () => {
  const { db, close } = await openTestPostgres();
  const quietly = { check: () => Promise.resolve(), onProgress: () => undefined };
  try {
    await postgresMessageRepository(db, db).add(manyMessages(1_000));
    let over = false;
    const building = (async () => {
      const { signal } = new AbortController();
      while (!(over as boolean)) await postgresReindex(db)({ signal, onProgress: () => undefined });
    })();
    try {
      for (let round = 0; round < 8; round++) await postgresStorage(db).reclaim(quietly);
    } finally {
      over = true;
      await building;
    }
    const valid = `select indisvalid as valid from pg_index where indexrelid = 'messages_by_trigram'::regclass`;
    expect(await rowsOf(db, valid)).toEqual([{ valid: true }]);
  } finally {
    await close();
  }
});
