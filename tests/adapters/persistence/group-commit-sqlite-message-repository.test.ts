import { NO_TRACING } from '../../../src/adapters/tracing/no-tracing.ts';
import { groupCommit } from '../../../src/adapters/persistence/group-commit.ts';
import { sqliteMessageRepository } from '../../../src/adapters/persistence/sqlite/message-repository.ts';
import { recordingMetrics } from '../../support/fakes.ts';
import { openTestDatabase } from '../../support/sqlite.ts';
import { messageRepositoryContract } from './message-repository-contract.ts';

messageRepositoryContract('Group commit over SQLite', async () => {
  const { db, close } = await openTestDatabase();
  const limits = { maxGroup: 100, maxQueued: 10_000, metrics: recordingMetrics(), tracer: NO_TRACING };
  const repository = groupCommit(sqliteMessageRepository(db), limits);
  return {
    repository,
    async close() {
      await repository.drain();
      await close();
    },
  };
});
