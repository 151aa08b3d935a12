import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { StoreStorage } from '../maintenance/storage.ts';
import { LOCK_NOT_AVAILABLE } from './database.ts';
import { storeUsage } from './usage.ts';

const TABLES = [
  'messages',
  'payloads',
  'message_statuses',
  'rejections',
  'sender_counts',
  'period_counts',
  'uncounted',
];
/** Shorter than the server's default deadlock_timeout. */
const LOCK_TIMEOUT = '100ms';
const LOCK_RETRY_MS = 100;

/**
 * Reclaims storage with a plain vacuum while the service runs: new rows reuse the space, and only free ends of tables go back to
 * the system. It also rebuilds the planner's statistics, because they contain phone numbers and texts of erased messages.
 */
export function postgresStorage(db: Knex): StoreStorage {
  return {
    usage: () => storeUsage(db),

    async reclaim({ check, onProgress }) {
      for (const [done, table] of TABLES.entries()) {
        await check();
        onProgress('vacuuming', done, TABLES.length);
        await db.raw('vacuum ??', [table]);
        while (!(await analyzed(db, table))) {
          await delay(LOCK_RETRY_MS);
          await check();
        }
      }
    },

    compact: null,
  };
}

/**
 * Analyzes the table and returns true, or returns false if its lock is taken. The lock is polled: unlike VACUUM, ANALYZE waits
 * with a snapshot, and a concurrent index build holds the lock and waits for all snapshots to end.
 */
async function analyzed(db: Knex, table: string): Promise<boolean> {
  try {
    await db.transaction(async (transaction) => {
      await transaction.raw(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
      await transaction.raw('analyze ??', [table]);
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    return false;
  }
}
