import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../../application/ports/telemetry.ts';
import type { Config } from '../config/config.ts';

/** TypeScript when run from the sources, JavaScript in the build. */
const THREAD = new URL(`./migration-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Migrates in a thread of its own, so that a signal can end the process meanwhile: SQLite blocks its thread for as long as a statement takes,
 * which is minutes for an index over millions of messages.
 */
export async function migrateInThread({ database }: Pick<Config, 'database'>, logger: Logger): Promise<void> {
  const thread = new Worker(THREAD, { workerData: database });
  thread.on('message', (migration: string) => {
    logger.info('migrated', { migration });
  });
  await once(thread, 'exit'); // rejects with the error of the thread
}
