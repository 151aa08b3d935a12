import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type pg from 'pg';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import type { Reindex, ReindexOptions } from '../maintenance/reindex.ts';

const INDEX = 'messages_by_trigram';
/** As the migration makes it. */
const CREATE = `create index concurrently ${INDEX} on messages using gin (folded gin_trgm_ops)
  with (fastupdate = on, gin_pending_list_limit = 65536)`;
const ASK_EVERY_MS = 500;

/**
 * Builds the new index beside the old one, which answers until it is done; without one searches read all texts. What an attempt that was cut off left behind
 * goes first.
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
    await watched(db, there ? `reindex index concurrently ${INDEX}` : CREATE, options);
    const { rows } = await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages');
    return Number(rows);
  };
}

/** Runs a statement on a connection of its own, tells how far the server is, and has it end the statement when stopped. */
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
        await delay(ASK_EVERY_MS);
      }
    })();
    const [outcome] = await Promise.allSettled([work, watch]);
    signal.throwIfAborted();
    if (outcome.status === 'rejected') throw outcome.reason;
  } finally {
    await client.releaseConnection(session);
  }
}
