import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { DERIVE_STEP } from '../../ingest/derived-data-worker.ts';
import type { Reindex } from '../../maintenance/reindex.ts';
import { rowOf } from '../../schema/dialect.ts';
import { indexNext } from '../derived-data.ts';
import { isIndexFault } from './index-probe.ts';
import { forgetIndex, indexedSeq, resetIndex } from './search-index.ts';

/** Empties the index and refills it in steps. A running service may take some of the steps. For a connection that writes. */
export function sqliteReindex(db: Knex): Reindex {
  return async ({ signal, onProgress }) => {
    await emptyIndex(db);
    for (let more = true; more;) {
      const { highest } = await rowOf<{ highest: bigint }>(db, 'select coalesce(max(seq), 0) as highest from messages');
      onProgress(await indexedSeq(db), Number(highest));
      signal.throwIfAborted();
      const began = performance.now();
      more = (await indexNext(db, DERIVE_STEP)) > 0;
      await delay(performance.now() - began); // leaves half of the time to the service's commits
    }
    return Number((await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages')).rows);
  };
}

/** Damaged pages can be neither read nor freed, so in that case the whole file is rewritten without them. */
async function emptyIndex(db: Knex): Promise<void> {
  try {
    await resetIndex(db);
  } catch (error) {
    if (!isIndexFault(error)) throw error;
    await forgetIndex(db);
    await db.raw('vacuum');
    await resetIndex(db);
  }
}
