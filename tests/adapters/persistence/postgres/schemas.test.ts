import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openForMaintenance } from '../../../../src/adapters/persistence/postgres/maintenance.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { migrateLatest, schemaStatus } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { rowsOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { openTestPostgres, openTestPool } from '../../../support/postgres.ts';
import { queryPostgres } from '../../../support/postgres-query.ts';
import { message } from '../contract/repository-fixtures.ts';

let url: string;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, close } = await openTestPostgres()); // has an inbox in public
});
afterAll(() => close());

function inSchemas(path: string): string {
  const asked = new URL(url);
  asked.searchParams.set('options', `-c search_path=${path}`);
  return asked.href;
}

describe('an inbox in a schema of its own', () => {
  it('neither reads, nor writes to, nor drops what belongs to an inbox behind it in search_path', async () => {
    await queryPostgres(url, 'create schema "Second inbox"');
    const { db } = openForMaintenance(inSchemas('"Second\\ inbox",public'));
    try {
      expect((await schemaStatus(db)).applied).toEqual([]);
      const repository = postgresMessageRepository(db, db);
      await expect(repository.add([message('m1')])).rejects.toMatchObject({ code: '42P01' });
      await migrateLatest(db);
      expect(await repository.add([message('m1', { text: 'found' })])).toEqual(['created']);
      const indexes = await rowsOf<{ place: string }>(
        db,
        `select schemaname as place from pg_indexes where indexname = 'messages_by_trigram' order by 1`,
      );
      expect(indexes.map(({ place }) => place)).toEqual(['Second inbox', 'public']);
      expect(await queryPostgres(url, 'select 1 from public.messages')).toEqual([]);
    } finally {
      await db.destroy();
    }
  });

  it('is refused if its schema does not exist, instead of failing in the middle', async () => {
    const db = openTestPool(inSchemas('nowhere'));
    await expect(db.raw('select 1')).rejects.toThrow('no schema of search_path exists');
    await db.destroy();
  });
});
