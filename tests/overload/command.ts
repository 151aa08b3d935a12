import { Command, InvalidArgumentError } from 'commander';
import { overload, SCENARIOS, TIMES, type OverloadReport } from './overload.ts';
import { quantile } from './senders.ts';

/** `npm run overload`. */

const EXIT_FAULT = 1;
const EXIT_USAGE = 64;
const EXIT_INTERRUPTED = 130;
/** The limit for accepted requests at the 99th percentile, in multiples of the value at moderate load. */
const MAX_RATIO = 5;

const options = new Command('npm run overload --')
  .description(`send ${String(TIMES)} times as much as a service of its own can take, and see what becomes of it`)
  .option('--seconds <n>', 'for each scenario', positive, 30)
  .addHelpText(
    'after',
    `\nExit status: 0 all is well, ${String(EXIT_FAULT)} it is not, ${String(EXIT_USAGE)} unknown arguments, ${String(EXIT_INTERRUPTED)} stopped by Ctrl-C.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .parse()
  .opts<{ seconds: number }>();

const stopping = new AbortController();
process.once('SIGINT', () => {
  stopping.abort();
});

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(11))).join('');
const heads = [
  '',
  'stored/s',
  'offered/s',
  'accepted',
  'shed 503',
  'cut',
  'p99 accept',
  'p99 shed',
  'x moderate',
  'MiB',
  'ready',
  'lost',
  'doubled',
];
const reports: OverloadReport[] = [];
for (const scenario of SCENARIOS) {
  if (stopping.signal.aborted) break;
  const report = await overload(scenario, {
    ...{ seconds: options.seconds, signal: stopping.signal },
    onPhase: (phase) => process.stderr.write(`${phase}\n`),
  });
  reports.push(report);
}
console.log(row(heads));
for (const report of reports) console.log(row(cellsOf(report)));
const faults = reports.flatMap(faultsOf);
for (const fault of faults) console.log(fault);
process.exitCode = stopping.signal.aborted ? EXIT_INTERRUPTED : faults.length > 0 ? EXIT_FAULT : 0;

function ratioOf({ moderate, overload: over }: OverloadReport): number {
  return quantile(over.acceptedMs, 0.99) / quantile(moderate.acceptedMs, 0.99);
}

function cellsOf(report: OverloadReport): string[] {
  const { overload: over, memory } = report;
  const offered = over.acceptedMs.length + over.shedMs.length + over.cut + over.faults.length;
  return [
    report.scenario,
    report.capacity.toFixed(0),
    (offered / over.seconds).toFixed(0),
    String(over.acceptedMs.length),
    String(over.shedMs.length),
    String(over.cut),
    `${quantile(over.acceptedMs, 0.99).toFixed(0)} ms`,
    `${quantile(over.shedMs, 0.99).toFixed(0)} ms`,
    ratioOf(report).toFixed(1),
    `${String(memory.before)}-${String(memory.peak)}`,
    [...report.readiness].map(([status, times]) => `${String(times)}x${String(status)}`).join(' '),
    String(report.lost),
    String(report.doubled),
  ];
}

function faultsOf(report: OverloadReport): string[] {
  const { scenario, overload: over, moderate, readiness, lost, doubled } = report;
  const says = (isFault: boolean, words: string): string[] => (isFault ? [`${scenario}: ${words}`] : []);
  return [
    ...[...moderate.faults, ...over.faults].slice(0, 5).map((fault) => `${scenario}: answered ${fault}`),
    ...says(over.shedMs.length === 0, 'nothing was refused: this was no overload'),
    ...says(ratioOf(report) > MAX_RATIO, `p99 of accepted is over ${String(MAX_RATIO)} times that at moderate load`),
    ...says(
      [...readiness.keys()].some((status) => status !== 200),
      'it was not ready all the time',
    ),
    ...says(lost > 0, `${String(lost)} acknowledged messages are not stored`),
    ...says(doubled > 0, `${String(doubled)} messages are stored twice`),
  ];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return value;
}
