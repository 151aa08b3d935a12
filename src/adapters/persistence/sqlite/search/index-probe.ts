import type { Database, Statement } from 'better-sqlite3';
import type { Knex } from 'knex';
import { StoreUnavailable } from '../../../../application/ports/store.ts';
import { withConnection } from '../database.ts';

/** Messages that a probe looks up beside the newest indexed one. */
const RANDOM_MESSAGES = 4;
/** Up to 50 consecutive messages are looked through for one with a text. */
const NEIGHBOURS = 50;
const PROBED_CHARACTERS = 400;
/** A letter case or a newer Unicode version may change how other characters were folded when the message was indexed. */
const STABLE_TRIGRAM = /^(?:[ -~]|\p{Lo}){3}$/u;
/** Codes of errors that say nothing about the index. */
const ELSEWHERE = /^SQLITE_(BUSY|LOCKED|IOERR|FULL|NOMEM|CANTOPEN|READONLY|PROTOCOL|NOTADB|INTERRUPT|CONSTRAINT)(_|$)/;

/**
 * Whether an error of a statement that reads or writes the search index means that the index is damaged: pages, the entries of
 * FTS5, or missing tables.
 */
export function isIndexFault(error: unknown): error is Error {
  if (error instanceof StoreUnavailable || !(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') && !ELSEWHERE.test(error.code);
}

/**
 * Whether the index finds the newest of the messages that it must contain, and some random ones. A damaged index may answer
 * without an error as if it were empty. Takes some 0.1 ms. Rejects if reading the index fails; see isIndexFault.
 */
export function findsKnownMessages(db: Knex, randomMessages = RANDOM_MESSAGES): Promise<boolean> {
  return withConnection(db, (connection) => {
    const { progress, before, after, finds } = prepared.get(connection) ?? prepare(connection);
    const found = progress.get();
    // Beyond the progress, a search reads the texts: it would find indexed ones twice.
    if (found === undefined || Number(found.last_indexed ?? 0) > Number(found.indexed_seq)) return false;
    const last = Number(found.indexed_seq);
    const randomSeq = (): number => 1 + Math.floor(Math.random() * last);
    const known = [before.get(last), ...Array.from({ length: randomMessages }, () => after.get(randomSeq(), last))];
    return known.every((message) => {
      const trigram = message === undefined ? null : trigramOf(message.folded);
      if (message === undefined || trigram === null) return true;
      // Without the directory of its leaves, an index still finds what stands in the first one.
      if (Number(found.has_leaves) === 0) return false;
      return finds.get(`"${trigram.replaceAll('"', '""')}"`, message.seq) !== undefined;
    });
  });
}

interface Known {
  readonly seq: number | bigint;
  readonly folded: string;
}

interface Statements {
  readonly progress: Statement<
    [],
    {
      readonly indexed_seq: number | bigint;
      readonly last_indexed: number | bigint | null;
      readonly has_leaves: number | bigint;
    }
  >;
  readonly before: Statement<[number], Known>;
  readonly after: Statement<[number, number], Known>;
  readonly finds: Statement<[string, number | bigint]>;
}

const prepared = new WeakMap<Database, Statements>();

function prepare(connection: Database): Statements {
  const firstWithText = (messages: string): string =>
    `select seq, fold_case(substr(text, 1, ${String(PROBED_CHARACTERS)})) as folded
     from (select seq, text from messages where ${messages} limit ${String(NEIGHBOURS)}) where length(text) >= 3 limit 1`;
  const statements: Statements = {
    progress: connection.prepare(
      `select indexed_seq, (select max(id) from message_search_docsize) as last_indexed,
              exists (select 1 from message_search_idx) as has_leaves
       from search_progress`,
    ),
    before: connection.prepare(firstWithText('seq <= ? order by seq desc')),
    after: connection.prepare(firstWithText('seq between ? and ? order by seq')),
    finds: connection.prepare('select 1 from message_search where message_search match ? and rowid = ?'),
  };
  prepared.set(connection, statements);
  return statements;
}

/** A trigram of the folded text from a random place on, whose folding is the same in every version; null if there is none. */
function trigramOf(folded: string): string | null {
  const characters = Array.from(folded);
  const windows = characters.length - 2;
  const first = Math.floor(Math.random() * windows);
  for (let i = 0; i < windows; i++) {
    const at = (first + i) % windows;
    const trigram = characters.slice(at, at + 3).join('');
    if (STABLE_TRIGRAM.test(trigram)) return trigram;
  }
  return null;
}
