import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { progressOn } from '../../src/adapters/cli/progress.ts';
import { fuzz, startFuzzedService, type FuzzReport } from './fuzz.ts';

/** `npm run fuzz`. */

const options = new Command('npm run fuzz --')
  .description('send requests derived from api/openapi.yaml to a service of its own, and judge every answer by it')
  .option('--runs <n>', 'how many requests', positive, 5_000)
  .option('--seed <n>', 'of an earlier run, to repeat it', positive, randomInt(1, 2 ** 31))
  .addHelpText(
    'after',
    '\nExit status: 0 every answer was right, 1 one was not, 64 unknown arguments, 130 stopped by Ctrl-C.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 64))
  .parse()
  .opts<{ runs: number; seed: number }>();

const stopping = new AbortController();
process.once('SIGINT', () => {
  stopping.abort();
});

const progress = progressOn(process.stderr, process.stderr.isTTY);
const service = await startFuzzedService();
try {
  console.log(`seed ${String(options.seed)}`);
  const startedAt = performance.now();
  const report = await fuzz(service.url, {
    ...options,
    signal: stopping.signal,
    onRun: (done) => {
      progress.show('fuzzing', done, options.runs);
    },
  });
  progress.end();
  print(report, (performance.now() - startedAt) / 1_000);
  process.exitCode = report.failure !== null ? 1 : stopping.signal.aborted ? 130 : 0;
} finally {
  await service.stop(); // rejects when something is in its log that must not be
  console.log(`${String(service.log.records.length)} lines of its log hold nothing that was sent or is secret`);
}

function print({ counts, failure }: FuzzReport, seconds: number): void {
  const statuses = [...new Set([...counts.values()].flatMap((byStatus) => [...byStatus.keys()]))].sort((a, b) => a - b);
  const row = (name: string, cells: readonly string[]): string =>
    name.padEnd(28) + cells.map((cell) => cell.padStart(7)).join('');
  console.log(row('answers', statuses.map(String)));
  for (const [operation, byStatus] of counts) {
    console.log(
      row(
        operation,
        statuses.map((status) => String(byStatus.get(status) ?? '-')),
      ),
    );
  }
  const total = [...counts.values()].flatMap((byStatus) => [...byStatus.values()]).reduce((sum, n) => sum + n, 0);
  console.log(
    `${String(total)} requests in ${seconds.toFixed(1)} s, ${failure === null ? 'all' : 'not all'} answered as they must be`,
  );
  if (failure === null) return;
  console.log(`\n${failure.request.operationId} ${failure.request.attempt}:\n${failure.faults}\n\n${failure.curl}\n`);
  console.log(`again: npm run fuzz -- --seed ${String(options.seed)} --runs ${String(options.runs)}`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return value;
}
