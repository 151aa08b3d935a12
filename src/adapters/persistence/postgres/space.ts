import type { Knex } from 'knex';
import type { StoreSpace } from '../space.ts';
import { storeUsage } from './store-usage.ts';

const TABLES = [
  'messages',
  'payloads',
  'message_statuses',
  'rejections',
  'sender_counts',
  'period_counts',
  'uncounted',
];

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
        await db.raw('vacuum (analyze) ??', [table]);
      }
    },

    compact: null,
  };
}
