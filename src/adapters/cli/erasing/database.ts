import { schemaStatus } from '../../persistence/schema/migrator.ts';
import { loadEnvFile, readConfig } from '../../../infrastructure/config/config.ts';
import { openForErasing, type ErasingDatabase } from '../../../infrastructure/database.ts';
import { Stopped } from '../stop-signals.ts';

/** Runs `work` with the database of DATABASE_URL; stopped by a signal it says that the same command goes on. */
export async function withErasing(
  options: { readonly overwrite: boolean },
  work: (database: ErasingDatabase) => Promise<number>,
): Promise<number> {
  loadEnvFile();
  const database = await openForErasing(readConfig(), options);
  try {
    const { pending, unknown } = await schemaStatus(database.db);
    if (pending.length > 0) {
      throw new Error(`the database lacks migrations (${pending.join(', ')}): run "webhook-inbox migrate latest"`);
    }
    if (unknown.length > 0) {
      throw new Error(`a newer version migrated the database (${unknown.join(', ')}): erase with that version`);
    }
    return await work(database);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`${error.message}; what is done is done, and the same command goes on\n`);
    return error.status;
  } finally {
    await database.db.destroy();
  }
}
