import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';
import { withConnection } from '../database.ts';

/** Timeout of a truncating checkpoint, which blocks writes while it waits for readers. */
const BUSY_MS = 100;

/**
 * Moves the whole write-ahead log into the database and truncates it. Returns false if readers or writers blocked every attempt;
 * attempts are 0.1 s apart.
 */
export async function emptyLog(db: Knex, attempts: number): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await delay(BUSY_MS);
    if (await withConnection(db, truncated)) return true;
  }
  return false;
}

function truncated(connection: Database): boolean {
  const timeout = connection.pragma('busy_timeout', { simple: true });
  connection.pragma(`busy_timeout = ${String(BUSY_MS)}`);
  try {
    const [result] = connection.pragma('wal_checkpoint(truncate)') as { busy: bigint | number }[];
    return Number(result?.busy) === 0;
  } finally {
    connection.pragma(`busy_timeout = ${String(timeout)}`);
  }
}

/** Whether the file alone contains everything that was stored. Ask when its connections are closed. */
export function isWhole(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Moves the content of a log into the database, even if the log was deleted. Returns whether all of it is there, on the disk. */
export async function checkpointed(db: Knex): Promise<boolean> {
  const [result] = await db
    .raw<{ log: bigint; checkpointed: bigint }[]>('pragma wal_checkpoint(passive)')
    .catch(() => []);
  return result !== undefined && result.log === result.checkpointed;
}
