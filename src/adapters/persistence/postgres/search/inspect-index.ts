import type { Knex } from 'knex';
import type { IndexInspection } from '../../../../application/ports/maintenance.ts';
import { driverMessage, rowOf, rowsOf } from '../../schema/dialect.ts';
import { INDEX } from './search-index.ts';

const SAMPLE = 50;
/** Texts from this length on are rarely equal to thousands of others. */
const MIN_LENGTH = 12;
const PREFIX = 60;
/** The sample ends early if it takes longer. */
const PATIENCE_MS = 10_000;
const QUERY_CANCELED = '57014';
/** SQLSTATE class of internal errors, such as a corrupt index. */
const INTERNAL = 'XX';

/** Checks that the search index exists and is valid, and that it finds some of the stored texts. */
export async function inspectIndex(db: Knex): Promise<IndexInspection> {
  const [state] = await rowsOf<{ valid: boolean }>(
    db,
    'select indisvalid and indisready as valid from pg_index where indexrelid = to_regclass(?)',
    [INDEX],
  );
  if (state === undefined) return { damage: `there is no index ${INDEX}`, checked: 'does not exist' };
  if (!state.valid) return { damage: `the index ${INDEX} is not valid`, checked: 'is not valid' };
  let found = 0;
  try {
    const missing = await db.transaction((snapshot) => firstMissing(snapshot, () => found++), {
      isolationLevel: 'repeatable read',
    });
    if (missing) return { damage: 'it does not find stored messages', checked: 'misses some' };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && code.startsWith(INTERNAL)) {
      return { damage: driverMessage(error as Error), checked: 'cannot be read' };
    }
    if (code !== QUERY_CANCELED) throw error;
  }
  return { damage: null, checked: `is valid, and finds the texts of ${String(found)} random messages` };
}

/** Whether the index misses one of the sampled texts. */
async function firstMissing(snapshot: Knex, onFound: () => void): Promise<boolean> {
  const began = performance.now();
  await snapshot.raw(`set local statement_timeout = ${String(PATIENCE_MS)}`);
  await snapshot.raw('set local enable_seqscan = off'); // so that the search uses the index
  const { percent } = await rowOf<{ percent: number }>(
    snapshot,
    `select least(100, greatest(0.001, 100.0 * ? / greatest(reltuples, 1)))::float8 as percent
     from pg_class where oid = 'messages'::regclass`,
    [SAMPLE * 20],
  );
  const sample = await rowsOf<{ key: string; prefix: string }>(
    snapshot,
    `select message_id as key, left(folded, ?) as prefix from messages tablesample system (?)
     where char_length(folded) >= ? limit ?`,
    [PREFIX, percent, MIN_LENGTH, SAMPLE],
  );
  for (const { key, prefix } of sample) {
    if (performance.now() - began > PATIENCE_MS) return false;
    const { finds } = await rowOf<{ finds: boolean }>(
      snapshot,
      `select exists (
         select 1 from (select message_id from messages where folded like ? offset 0) as found where message_id = ?
       ) as finds`,
      [`%${prefix.replace(/[\\%_]/g, '\\$&')}%`, key],
    );
    if (!finds) return true;
    onFound();
  }
  return false;
}
