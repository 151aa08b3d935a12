import { wrongCounters } from '../../src/adapters/persistence/counters/counter-check.ts';
import { isPostgres } from '../../src/adapters/persistence/schema/dialect.ts';
import { formatTimestamp } from '../../src/domain/timestamp.ts';
import { foldCase } from '../../src/domain/text-folding.ts';
import type { CopySource } from '../../src/adapters/persistence/transfer/copy-messages.ts';
import { openCopyTarget } from '../../src/infrastructure/database.ts';
import { databaseLocation } from '../../src/infrastructure/config/database-location.ts';
import { everyMessage } from '../adapters/persistence/contract/repository-fixtures.ts';
import { repositoryOf } from '../support/stores.ts';
import { difference, WORDS, type Difference, type Ledger, type WireMessage } from './ledger.ts';

export interface Verdict extends Difference {
  /** How many messages are stored. */
  readonly stored: number;
  /** What else is wrong with the database, as words. */
  readonly faults: readonly string[];
}

/** Looks at everything that is stored, past the service: it may run beside it. */
export async function judge(databaseUrl: string, ledger: Ledger): Promise<Verdict> {
  const source = await openCopyTarget(databaseLocation(databaseUrl));
  try {
    const stored = (await everyMessage(repositoryOf(source))).map(
      ({ messageId, from, to, sentAt, text }): WireMessage => ({
        ...{ message_id: messageId, from, to, ts: formatTimestamp(sentAt), text },
      }),
    );
    const faults = [
      ...(await damagedPages(source)),
      ...(await wrongCounters(source.db, source.dialect)).map((table) => `wrong in ${table}`),
      ...(await wrongSearches(source, stored)),
    ];
    return { stored: stored.length, ...difference(ledger, stored), faults };
  } finally {
    await source.db.destroy();
  }
}

async function damagedPages({ db }: CopySource): Promise<string[]> {
  if (isPostgres(db)) return [];
  const rows = await db.raw<{ integrity_check: string }[]>('pragma integrity_check');
  return rows.map(({ integrity_check: found }) => found).filter((found) => found !== 'ok');
}

/** Searches must find just the messages that hold the word, whether the index has them already or not. */
async function wrongSearches(source: CopySource, stored: readonly WireMessage[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const word of WORDS) {
    const { total } = await repositoryOf(source).list({ contains: word }, { offset: 0 }, 1);
    const expected = stored.filter(({ text }) => text !== null && foldCase(text).includes(foldCase(word))).length;
    if (total !== expected) wrong.push(`a search for ${word} finds ${String(total)}, not ${String(expected)}`);
  }
  return wrong;
}
