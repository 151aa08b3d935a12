import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { Dialect } from '../schema/dialect.ts';

/**
 * Starts a new epoch, so that no stream position issued before is valid any more. Call it in every transaction after which the
 * database may assign an old position to another message: one that deletes the latest message, because SQLite reuses its
 * number, and one that restores a backup.
 */
export async function renewEpoch(transaction: Knex, dialect: Dialect): Promise<void> {
  await transaction('stream_epoch').update({ epoch: randomBytes(9).toString('base64url') });
  for (const statement of dialect.forgetFuturePositions) await transaction.raw(statement);
}
