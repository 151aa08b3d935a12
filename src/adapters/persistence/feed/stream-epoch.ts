import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { isPostgres } from '../schema/dialect.ts';

/**
 * Makes every place in the order of arrival that was given so far one of the past: who follows the messages is told to
 * begin anew. To be called in the transaction that could let a place be taken by another message: one that deletes the
 * message that came last, for SQLite gives its number to the next one, or that puts a backup in place of what was stored.
 */
export async function renewEpoch(transaction: Knex): Promise<void> {
  await transaction('stream_epoch').update({ epoch: randomBytes(9).toString('base64url') });
  if (!isPostgres(transaction)) return;
  // A backup from another server has its numbers of transactions, which this one would come to in days or years.
  await transaction.raw('update messages set arrived = null where arrived >= pg_snapshot_xmax(pg_current_snapshot())');
}
