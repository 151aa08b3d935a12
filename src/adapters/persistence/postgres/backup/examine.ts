import type { Readable } from 'node:stream';
import { timestampFromMicros, type Timestamp } from '../../../../domain/timestamp.ts';
import { UnusableBackup } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { runProgram } from './programs/run-program.ts';

/** Bytes examined of each line. Keys and instants come before the long columns. */
const HEAD_BYTES = 4_096;
const NEWLINE = 10;

export interface ArchiveContent {
  readonly rows: number;
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
  /** Messages by the archive's own counters, including the uncounted backlog. */
  readonly counted: number;
  /** The schema that contained the tables. */
  readonly schema: string;
  /** Names of the applied migrations. */
  readonly migrations: readonly string[];
}

/**
 * Reads the whole of an archive that pg_dump made, which proves that every block exists and can be decompressed. Only a restore
 * finds what a server checks, such as a value that does not match its type.
 */
export async function readArchive(
  file: string,
  rowsExpected: number | null,
  { signal, onProgress }: Work,
  environment: Readonly<Record<string, string>>,
): Promise<ArchiveContent> {
  let [rows, backlog, totals] = [0, 0, 0];
  let [first, last]: [bigint | null, bigint | null] = [null, null];
  const migrations: string[] = [];
  const schemas = new Set<string>();
  const readers: Readonly<Record<string, (row: Row) => void>> = {
    messages(row) {
      const sentAt = BigInt(row('sent_at'));
      if (first === null || sentAt < first) first = sentAt;
      if (last === null || sentAt > last) last = sentAt;
      if (++rows % 10_000 === 0) onProgress('checking', rows, rowsExpected);
    },
    uncounted: () => backlog++,
    message_totals: (row) => (totals += Number(row('messages'))),
    knex_migrations: (row) => migrations.push(row('name')),
  };
  onProgress('checking', 0, rowsExpected);
  await runProgram('pg_restore', ['--data-only', '--file=-', file], {
    environment,
    signal,
    reading: (stdout) =>
      eachRow(stdout, (schema, table, row) => {
        if (table === 'knex_migrations') schemas.add(schema);
        readers[table]?.(row);
      }),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new UnusableBackup(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  const [schema, ...others] = schemas;
  if (others.length > 0) {
    throw new UnusableBackup(`it holds the inboxes of several schemas: ${[...schemas].join(', ')}`);
  }
  if (schema === undefined) throw new UnusableBackup('it is not a backup of this service');
  const instant = (micros: bigint | null): Timestamp | null => (micros === null ? null : timestampFromMicros(micros));
  return { rows, first: instant(first), last: instant(last), counted: totals + backlog, schema, migrations };
}

/** Returns the value of a column as text, with its escapes. */
type Row = (column: string) => string;

/** Reads the rows in a script of COPY statements (https://www.postgresql.org/docs/current/sql-copy.html). */
async function eachRow(script: Readable, read: (schema: string, table: string, row: Row) => void): Promise<void> {
  let [schema, table]: [string, string | null] = ['', null];
  let columns: readonly string[] = [];
  for await (const line of heads(script)) {
    if (table === null) {
      const copy = /^COPY ("(?:[^"]|"")+"|\w+)\."?(\w+)"? \((.*)\) FROM stdin;$/.exec(line);
      if (copy === null) continue;
      schema = (copy[1] ?? '').replace(/^"(.*)"$/, '$1').replaceAll('""', '"');
      table = copy[2] ?? '';
      columns = (copy[3] ?? '').split(', ');
    } else if (line === '\\.') {
      table = null;
    } else {
      const values = line.split('\t');
      read(schema, table, (column) => values[columns.indexOf(column)] ?? '');
    }
  }
}

/** Yields the first bytes of each line, so that a long line takes no more memory. */
async function* heads(stream: Readable): AsyncGenerator<string> {
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield joined(head, chunk.subarray(from, end)).toString();
      head = Buffer.alloc(0);
      from = end + 1;
    }
    head = joined(head, chunk.subarray(from));
  }
}

function joined(head: Buffer, more: Buffer): Buffer {
  const room = HEAD_BYTES - head.length;
  if (room <= 0) return head;
  return head.length === 0 ? more.subarray(0, room) : Buffer.concat([head, more.subarray(0, room)]);
}
