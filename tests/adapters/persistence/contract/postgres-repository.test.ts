import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Knex } from 'knex';
import { deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { emptyTables, openTestPostgres } from '../../../support/postgres.ts';
import { listingContract } from './message-listing-contract.ts';
import { modelContract } from './message-model-contract.ts';
import { messageRepositoryContract } from './message-repository-contract.ts';
import { statsContract } from './message-stats-contract.ts';
import { withRepositoryOf, type OpenRepository } from './repository-fixtures.ts';

let db: Knex;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openTestPostgres());
});
afterAll(() => close());

/** An empty repository that counts up to this many messages after each add. */
const counting =
  (perAdd: number): OpenRepository =>
  async () => {
    await emptyTables(db);
    const repository = postgresMessageRepository(db, db);
    return {
      repository: {
        ...repository,
        async add(messages) {
          const outcomes = await repository.add(messages);
          if (perAdd > 0) await deriveNext(db, perAdd);
          return outcomes;
        },
      },
      close: () => Promise.resolve(),
    };
  };

messageRepositoryContract('PostgreSQL', counting(0));

describe.each([
  ['all messages', 5_000],
  ['a part of the messages', 3],
])('PostgreSQL with %s in the counters', (_part, perAdd) => {
  const withRepository = withRepositoryOf(counting(perAdd));
  statsContract(withRepository);
  listingContract(withRepository);
  modelContract(withRepository);
});
