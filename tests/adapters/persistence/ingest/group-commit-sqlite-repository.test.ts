import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { messageRepositoryContract } from '../contract/message-repository-contract.ts';

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
