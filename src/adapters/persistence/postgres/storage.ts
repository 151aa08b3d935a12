import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { StoreSpace } from '../maintenance/storage.ts';
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
/** Shorter than a server takes to look for a deadlock, by default. */
const LOCK_TIMEOUT = '100ms';
const LOCK_RETRY_MS = 100;
/** What PostgreSQL says of a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * A plain vacuum beside all work: the space is free for what comes next, and goes back to the system only from the ends of
 * tables. The planner's statistics hold numbers and texts as they were stored: they are made anew of what is left.
 */
export function postgresSpace(db: Knex): StoreSpace {
  return {
    usage: () => storeUsage(db),

    async giveBack({ check, onProgress }) {
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
 * Whether the lock was to be had. It is asked for again and again, not waited for: unlike VACUUM, ANALYZE waits with a snapshot,
 * and whoever builds an index concurrently has the lock and waits for all snapshots to end.
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
