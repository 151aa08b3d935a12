import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { CopyResult } from '../adapters/persistence/copy-messages.ts';
import type { DatabaseLocation } from './database-location.ts';
import { requireSupportedNode } from './node-version.ts';

requireSupportedNode();
const { EXIT_FAULT, EXIT_USAGE, runCommand, say } = await import('./command.ts');
const { ConfigError } = await import('./config.ts');
const { databaseLocation } = await import('./database-location.ts');
const { copyProgress } = await import('./copy-progress.ts');
const { openCopySource, openCopyTarget } = await import('./database.ts');
const { copyMessages, requireNewestSchema } = await import('../adapters/persistence/copy-messages.ts');

const USAGE = `Usage: copy --from URL --to URL [--json]

Copies every message from one database to another, as in DATABASE_URL: sqlite:///./data/app.db or
postgres://user@host/name. The source is only read and must have the newest schema; the target is made if need be and
migrated. Messages that the target holds stay as they are. At the end all messages of both are compared.

  --from URL   the source
  --to URL     the target
  --json       the result as one JSON object on stdout

Ctrl-C stops after the commit under way. The same command goes on: it begins at the first period for which the two
databases count different numbers of messages, and reads everything again only when the comparison finds that the part
left out is not the same.

To move a live service: copy while it runs, which ends with status 1 when messages arrived meanwhile; stop the service;
copy again, which takes little more than the comparison; start the service with the new DATABASE_URL.

Everybody on the machine can see a password in a command; PGPASSWORD and ~/.pgpass work, too.
Exit status: 0 both hold the same messages, 1 a fault or a difference, 64 unknown arguments, 78 a URL that is not valid,
130 or 143 stopped by SIGINT or SIGTERM.
`;

class Stopped extends Error {
  readonly status: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}; the same command goes on`);
    this.status = 128 + constants.signals[signal];
  }
}

async function copy(from: DatabaseLocation, to: DatabaseLocation, json: boolean): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second one ends the process at once, which does no harm either.
    process.once(signal, () => {
      stop.abort(new Stopped(signal));
    });
  }
  const progress = copyProgress(process.stderr, process.stderr.isTTY && !json);
  const started = performance.now();
  const source = await openCopySource(from);
  try {
    await requireNewestSchema(source.db);
    const target = await openCopyTarget(to);
    try {
      const options = { signal: stop.signal, onProgress: progress.show };
      const result = await copyMessages(source, target, options).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      say(json ? [asJson(result, seconds)] : summary(result, seconds));
      return inOrder(result) ? 0 : EXIT_FAULT;
    } finally {
      await target.db.destroy();
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.status;
  } finally {
    await source.db.destroy();
  }
}

function inOrder({ conflicts, firstDifference, wrongCounters }: CopyResult): boolean {
  return conflicts === 0 && firstDifference === null && wrongCounters.length === 0;
}

function summary(result: CopyResult, seconds: number): string[] {
  const { copied, alreadyThere, conflicts, conflicting, source, target, firstDifference, wrongCounters } = result;
  const ids = conflicting.map((id) => JSON.stringify(id)).join(', ');
  const difference =
    firstDifference === null ? 'none' : `${JSON.stringify(firstDifference.messageId)} is ${firstDifference.what}`;
  return [
    `copied         ${String(copied)}`,
    `already there  ${String(alreadyThere)}`,
    `conflicts      ${String(conflicts)}${conflicts === 0 ? '' : `: ${ids}${conflicts > conflicting.length ? ', ...' : ''}`}`,
    `source         ${String(source.rows)} rows, SHA-256 ${source.sha256}`,
    `target         ${String(target.rows)} rows, SHA-256 ${target.sha256}`,
    `difference     ${difference}`,
    `counters       ${wrongCounters.length === 0 ? 'ok' : `wrong in ${wrongCounters.join(', ')}: run doctor --rebuild`}`,
    `time           ${seconds.toFixed(1)} s, ${rate(source.rows, seconds)} rows/s`,
  ];
}

function asJson(result: CopyResult, seconds: number): string {
  const { firstDifference: first } = result;
  return JSON.stringify({
    ok: inOrder(result),
    ...result,
    firstDifference: first === null ? null : { messageId: first.messageId, what: first.what },
    seconds: Number(seconds.toFixed(3)),
    rowsPerSecond: Number(rate(result.source.rows, seconds)),
  });
}

function rate(rows: number, seconds: number): string {
  return (rows / seconds).toFixed(0);
}

/** As the configuration's own parser has it, so that whatever the service takes is taken here. */
function location(option: '--from' | '--to', url: string): DatabaseLocation {
  try {
    return databaseLocation(url);
  } catch (error) {
    throw new ConfigError([`${option} ${error instanceof Error ? error.message : 'is not valid'}`]);
  }
}

function same(a: DatabaseLocation, b: DatabaseLocation): boolean {
  if (a.engine === 'postgres') return b.engine === 'postgres' && a.url === b.url;
  return b.engine === 'sqlite' && real(a.file) === real(b.file);
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file); // not there yet
  }
}

await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    say([USAGE]);
    return 0;
  }
  if (values.from === undefined || values.to === undefined) {
    process.stderr.write(`--from and --to are needed\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  const [from, to] = [location('--from', values.from), location('--to', values.to)];
  if (!same(from, to)) return copy(from, to, values.json);
  process.stderr.write('--from and --to are the same database\n');
  return EXIT_USAGE;
});
