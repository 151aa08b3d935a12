import type { Knex } from 'knex';
import { driverMessage } from '../../schema/dialect.ts';
import { isIndexFault } from '../search/index-probe.ts';
import { INDEX_TABLES } from '../search/search-index.ts';

const MAX_FAULTS = 100;
/** The whole check also lists pages of the file that belong to nothing. They are lost space, not lost data. */
const UNUSED_PAGE = /^Page \d+: never used$/;

export interface PageFaults {
  /** The first fault of a table with messages or of the file; null if there is none. */
  readonly file: string | null;
  /** The first fault of the search index, which can be rebuilt; null if there is none. */
  readonly index: string | null;
  /** Pages that belong to nothing, up to 100. */
  readonly unused: number;
}

/** Checks all pages, and where a fault is. Reads the whole file; in case of a fault, most of it twice. */
export async function checkPages(db: Knex): Promise<PageFaults> {
  const faults = await faultsOf(db, `quick_check(${String(MAX_FAULTS)})`);
  const serious = faults.filter((fault) => !UNUSED_PAGE.test(fault));
  const unused = faults.length - serious.length;
  if (serious.length === 0) return { file: null, index: null, unused };
  // A fault of the whole names pages or nothing, and one of the search index may end the check.
  const tables = await db.raw<{ name: string }[]>(
    "select name from sqlite_schema where type = 'table' and rootpage > 0",
  );
  for (const { name } of tables) {
    if (INDEX_TABLES.includes(name)) continue;
    const [fault] = await faultsOf(db, `quick_check('${name.replaceAll("'", "''")}')`);
    if (fault !== undefined) return { file: fault, index: null, unused };
  }
  const ofFile = serious.find((fault) => /freelist|^Page |ptrmap|pointer map/i.test(fault));
  return ofFile === undefined
    ? { file: null, index: serious[0] ?? null, unused }
    : { file: ofFile, index: null, unused };
}

async function faultsOf(db: Knex, check: string): Promise<string[]> {
  try {
    const rows = await db.raw<{ quick_check: string }[]>(`pragma ${check}`);
    // The faults of pages come as one row with a heading.
    const lines = rows.flatMap((row) => row.quick_check.split('\n'));
    return lines.filter((found) => found !== 'ok' && !found.startsWith('***'));
  } catch (error) {
    if (!isIndexFault(error)) throw error;
    return [driverMessage(error)];
  }
}
