import { createReadStream, existsSync } from 'node:fs';
import type { Knex } from 'knex';
import type { StoreInspection } from '../../../application/ports/maintenance.ts';
import { derivedDataInspection } from '../maintenance/inspection.ts';
import { sqliteDialect } from './dialect.ts';
import { exposureOf } from './files/exposure.ts';
import { checkPages, type PageFaults } from './files/page-check.ts';
import { inspectIndex } from './search/inspect-index.ts';
import { resetIndex } from './search/search-index.ts';

export function sqliteInspection(db: Knex, file: string): StoreInspection {
  // Checking the pages reads the search index, too, which takes longest.
  let faults: Promise<PageFaults> | undefined;
  return {
    ...derivedDataInspection(db, sqliteDialect),
    serverSeconds: null,
    exposure: () => ({ file, to: exposureOf(file) }),
    async findDamage() {
      const { file: damage, unused } = await (faults ??= checkPages(db));
      return { damage, unused };
    },
    async inspectSearchIndex() {
      const { index } = await (faults ??= checkPages(db));
      return inspectIndex(db, index);
    },
    async resetSearchIndex() {
      await resetIndex(db);
      faults = undefined;
    },
  };
}

/**
 * In how many places of an SQLite file and its log the number occurs, used or not. The byte behind it may belong to other
 * data even if it looks like one more digit: such a place counts.
 */
export async function placesLeft(file: string, number: string): Promise<number> {
  const digits = number.slice(1);
  let places = 0;
  for (const name of [file, `${file}-wal`]) {
    if (!existsSync(name)) continue;
    let rest = '';
    for await (const chunk of createReadStream(name, { highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>) {
      const text = rest + chunk.toString('latin1');
      // The first character of the rest only shows what precedes a number; a number that begins there was counted before.
      for (let at = text.indexOf(digits, rest === '' ? 0 : 1); at !== -1; at = text.indexOf(digits, at + 1)) {
        if (!/[0-9]/.test(text.charAt(at - 1))) places++;
      }
      rest = text.slice(-digits.length);
    }
  }
  return places;
}
