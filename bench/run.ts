/**
 * Measures the service against bench/baseline.ts and against itself at other sizes. The machine is noisy, so only ratios of
 * runs that took turns are meaningful.
 */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ingestPairs, ingestWhileSearching, type IngestPair } from './ingest.ts';
import { fill, measureReads, type Reads } from './reads.ts';
import { chart, range, table } from './report.ts';
import { postgresDatabases, sqliteDatabases, type BenchDatabase } from './databases.ts';

const USAGE = `Usage: npm run bench -- [--quick] [--rows N,N,…] [--pairs N] [--seconds N]
                          [--database sqlite|postgres]

  --quick      all parts in under a minute, at 10,000 and 100,000 rows
  --rows       sizes for the reads (default 10000,100000,1000000; 10000000 works too)
  --pairs      turns of baseline and service for each number of connections (default 11)
  --seconds    length of one load (default 2)
  --database   sqlite (default), or postgres: a server is started from npm, or TEST_POSTGRES_URL names one

Prints tables; writes bench/results.json and bench/results.svg (with postgres: bench/results-postgres.*).
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    pairs: { type: 'string' },
    seconds: { type: 'string' },
    database: { type: 'string', default: 'sqlite' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const sizes = (values.rows ?? (values.quick ? '10000,100000' : '10000,100000,1000000')).split(',').map(Number);
const pairs = Number(values.pairs ?? (values.quick ? 3 : 11));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 2));
const connections = values.quick ? [1, 32] : [1, 32, 256];
if ([...sizes, pairs, seconds].some((value) => !(value > 0)) || !['sqlite', 'postgres'].includes(values.database)) {
  process.stderr.write(USAGE);
  process.exit(64);
}

const machine = `${os.cpus()[0]?.model ?? 'unknown processor'}, ${String(os.availableParallelism())} threads, Node ${process.versions.node}`;
const say = (text: string): void => void process.stderr.write(`\r\x1b[K${text}`);

const databases = values.database === 'postgres' ? await postgresDatabases() : sqliteDatabases;
const ingest: IngestPair[] = [];
for (const count of connections) {
  const progress = (pair: number): void => {
    say(`ingest, ${String(count)} connections, pair ${String(pair)} of ${String(pairs)}`);
  };
  ingest.push(...(await ingestPairs(databases, { connections: count, seconds, pairs }, progress)));
}

const database = await databases.create();
const filled: (BenchDatabase & { rows: number })[] = [];
let reads: Reads[];
let searching;
try {
  let have = 0;
  for (const rows of sizes) {
    await fill(database.url, have, rows, (done) => {
      say(`filling, ${String(done)} of ${String(rows)} rows`);
    });
    have = rows;
    filled.push({ ...(await database.copy()), rows });
  }
  reads = await measureReads(filled, (read) => {
    say(`reads, ${read}`);
  });
  say(`ingest while searching at ${String(have)} rows`);
  searching = await ingestWhileSearching(database.url, seconds);
} finally {
  for (const each of [database, ...filled]) await each.remove();
  await databases.close();
}
say('');

const summary = connections.map((count) => {
  const runs = ingest.filter((run) => run.connections === count);
  return {
    connections: count,
    perSecond: range(runs.map(({ service, baseline }) => service.perSecond / baseline.perSecond)),
    p50: range(runs.map(({ service, baseline }) => service.p50 / baseline.p50)),
    p99: range(runs.map(({ service, baseline }) => service.p99 / baseline.p99)),
    servicePerSecond: range(runs.map(({ service }) => service.perSecond)),
    memoryMb: range(runs.map(({ serviceMemory }) => serviceMemory / 1e6)),
  };
});
const results = { machine, at: new Date().toISOString(), seconds, pairs, ingest: summary, searching, reads };

process.stdout.write(`${machine}\n\nIngest, service / baseline (median, min-max)\n`);
process.stdout.write(
  table(
    ['connections', 'POST/s', 'p50', 'p99', 'service POST/s', 'memory MB'],
    summary.map((row) => [
      String(row.connections),
      row.perSecond.text,
      row.p50.text,
      row.p99.text,
      row.servicePerSecond.text,
      row.memoryMb.text,
    ]),
  ),
);
process.stdout.write(
  `\nIngest while three clients search, at ${String(sizes.at(-1))} rows: POST/s ×${(searching.searching.perSecond / searching.alone.perSecond).toFixed(2)}, p99 ×${(searching.searching.p99 / searching.alone.p99).toFixed(2)}; memory ${(searching.memoryAlone / 1e6).toFixed(0)} MB, with searches ${(searching.memory / 1e6).toFixed(0)} MB\n`,
);
const first = reads[0];
process.stdout.write(`\nReads in ms (× the time at ${String(first?.rows)} rows)\n`);
process.stdout.write(
  table(
    ['read', ...reads.map(({ rows }) => `${String(rows)} rows`)],
    Object.keys(first?.ms ?? {}).map((name) => [
      name,
      ...reads.map(
        ({ ms }) => `${(ms[name] ?? 0).toFixed(1)} (×${((ms[name] ?? 0) / (first?.ms[name] ?? 1)).toFixed(1)})`,
      ),
    ]),
  ),
);
process.stdout.write(
  `memory after the reads: ${reads.map(({ memory }) => `${(memory / 1e6).toFixed(0)} MB`).join(', ')}\n`,
);

const output = path.join(import.meta.dirname, values.database === 'postgres' ? 'results-postgres' : 'results');
writeFileSync(`${output}.json`, `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(`${output}.svg`, chart(machine, summary, reads));
