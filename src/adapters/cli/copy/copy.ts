import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { UsageError } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { outcome } from './result.ts';

export interface CopyOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export async function copy(
  { copy: between, drawsBars }: CommandDependencies,
  { from, to, json = false }: CopyOptions,
): Promise<Outcome> {
  if (from === undefined || to === undefined) throw new UsageError('--from and --to are needed');
  const using = await between({ from, to });
  if (using === 'same database') throw new UsageError('--from and --to are the same database');
  return untilStopped('the same command resumes', (signal) => {
    const progress = progressOn(process.stderr, drawsBars && !json);
    const started = performance.now();
    return using(async (store) => {
      const result = await store.execute({ signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      return outcome(result, seconds);
    });
  });
}
