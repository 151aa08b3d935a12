import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { progressOn } from '../../src/adapters/cli/progress.ts';
import { seededRandom } from './random.ts';
import type { Engine, Outcome, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** `npm run torture`. */

const NAMES = SCENARIOS.map(({ name }) => name);

const command = new Command('npm run torture --')
  .description(
    'break the service and what it stands on while messages come in, and look for what is lost or stored twice',
  )
  .argument('[scenarios...]', 'some of those below; all unless said otherwise', NAMES)
  .option('--rounds <n>', 'how often each happens, for a longer or shorter run', positive)
  .option('--hold <seconds>', 'how long a fault lasts at least', positive, 1)
  .option('--installed', 'the PostgreSQL that Debian has installed, instead of that of npm', false)
  .option(
    '--seed <n>',
    'of an earlier run, for the same choices; instants differ all the same',
    positive,
    randomInt(1, 2 ** 31),
  )
  .addHelpText(
    'after',
    `\nScenarios:\n${SCENARIOS.map(({ name, description }) => `  ${name.padEnd(18)}${description}`).join('\n')}`,
  )
  .addHelpText(
    'after',
    '\nExit status: 0 nothing is wrong, 1 something is, 64 unknown arguments, 130 stopped by Ctrl-C.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 64))
  .parse();
const options = command.opts<{ rounds?: number; hold: number; seed: number; installed: boolean }>();
const chosen = command.processedArgs[0] as readonly string[];

const unknown = chosen.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`no such scenario: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  process.exit(64);
}

const stopping = new AbortController();
process.once('SIGINT', () => {
  stopping.abort();
  console.error('ending after this round; Ctrl-C again ends at once');
});

const progress = progressOn(process.stderr, process.stderr.isTTY);
console.log(`seed ${String(options.seed)}`);
print(['scenario', 'database', 'rounds', 'acknowledged', 'lost', 'doubled', 'recovery p50, max (ms)']);
let wrong = 0;
for (const scenario of SCENARIOS.filter(({ name }) => chosen.includes(name))) {
  for (const engine of scenario.engines) await torture(scenario, engine);
}
process.exitCode = wrong > 0 ? 1 : stopping.signal.aborted ? 130 : 0;

async function torture(scenario: Scenario, engine: Engine): Promise<void> {
  if (stopping.signal.aborted) return;
  const rounds = options.rounds ?? scenario.rounds;
  let done = 0;
  const show = (): void => {
    progress.show(`${scenario.name}, ${engine}`, done, rounds);
  };
  show();
  const end = await scenario
    .run({
      installed: options.installed,
      ...{ engine, rounds, random: seededRandom(options.seed), holdMs: options.hold * 1_000, signal: stopping.signal },
      onRound() {
        done++;
        show();
      },
    })
    .then(
      (outcome) => ({ outcome }),
      (error: unknown) => ({ error }),
    );
  progress.end();
  if ('error' in end) {
    wrong++;
    print([scenario.name, engine, String(done), 'failed:', String(end.error)]);
    return;
  }
  const { acknowledged, lost, doubled, faults } = end.outcome;
  print([scenario.name, engine, ...[done, acknowledged, lost, doubled].map(String), recovery(end.outcome)]);
  for (const fault of new Set(faults)) console.log(`  ${fault}`);
  wrong += lost + doubled + faults.length;
}

function recovery({ recoveriesMs }: Outcome): string {
  if (recoveriesMs.length === 0) return '-';
  const sorted = recoveriesMs.toSorted((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((ms) => (ms ?? 0).toFixed(0)).join(', ');
}

function print(cells: readonly string[]): void {
  const widths = [18, 10, 8, 14, 6, 9];
  console.log(cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(''));
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return value;
}
