import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type pg from 'pg';
import type { Reindex, ReindexOptions } from '../../maintenance/reindex.ts';
import { rowOf, rowsOf } from '../../schema/dialect.ts';
import { trigramOperators } from '../../schema/trigram-operators.ts';
import { INDEX } from './search-index.ts';

const POLL_MS = 500;

/**
 * Builds a new index while the old one serves searches. If there is no old one, searches scan all texts meanwhile. It first drops
 * what an interrupted attempt left behind.
 */
export function postgresReindex(db: Knex): Reindex {
  return async (options) => {
    const leftovers = await rowsOf<{ name: string }>(
      db,
      `select relname as name from pg_class join pg_index on indexrelid = pg_class.oid
       where not indisvalid and relname ~ ? and relnamespace = current_schema()::regnamespace`,
      [`^${INDEX}_cc(new|old)[0-9]*$`],
    );
    for (const { name } of leftovers) await db.raw('drop index concurrently if exists ??', [name]);
    const { there } = await rowOf<{ there: boolean }>(db, 'select to_regclass(?) is not null as there', [INDEX]);
    if (!there) await db.raw('create extension if not exists pg_trgm'); // dropping it drops the index
    await watched(db, there ? `reindex index concurrently ${INDEX}` : await creation(db, 'concurrently'), options);
    const { rows } = await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages');
    return Number(rows);
  };
}

/** Builds the index in a database that does not have it. Writes wait meanwhile. */
export async function createSearchIndex(db: Knex): Promise<void> {
  await db.raw(await creation(db, ''));
}

/** The same statement as in the migration. */
async function creation(db: Knex, how: 'concurrently' | ''): Promise<string> {
  return `create index ${how} ${INDEX} on messages using gin (folded ${await trigramOperators(db)})
    with (fastupdate = on, gin_pending_list_limit = 65536)`;
}

/** Runs a statement on its own connection, reports the server's progress, and cancels the statement on the signal. */
async function watched(db: Knex, sql: string, { signal, onProgress }: ReindexOptions): Promise<void> {
  const client = db.client as Knex.Client;
  const session = (await client.acquireConnection()) as pg.Client;
  try {
    const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    let over = false;
    const work = session.query(sql).finally(() => {
      over = true;
    });
    const watch = (async () => {
      while (!(over as boolean)) {
        if (signal.aborted) await db.raw('select pg_cancel_backend(?)', [pid]);
        const [at] = await rowsOf<{ done: bigint; total: bigint }>(
          db,
          `select greatest(blocks_done, tuples_done) as done, greatest(blocks_total, tuples_total) as total
           from pg_stat_progress_create_index where pid = ?`,
          [pid],
        );
        if (at !== undefined && Number(at.total) > 0) onProgress(Number(at.done), Number(at.total));
        await delay(POLL_MS);
      }
    })();
    const [outcome] = await Promise.allSettled([work, watch]);
    signal.throwIfAborted();
    if (outcome.status === 'rejected') throw outcome.reason;
  } finally {
    await client.releaseConnection(session);
  }
}
