import type { CommandDependencies } from '../dependencies.ts';
import { requireReadable } from '../streams.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { untilStopped } from '../stop-signals.ts';
import { outcome } from './result.ts';

export interface RestoreOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function restore(
  { maintenance, drawsBars }: CommandDependencies,
  file: string,
  { force = false, json = false }: RestoreOptions,
): Promise<Outcome> {
  const { restore: using } = await maintenance();
  return untilStopped('the database is as it was', (signal) =>
    using(async (store) => {
      const progress = progressOn(process.stderr, drawsBars && !json);
      const started = performance.now();
      requireReadable(file);
      const result = await store.execute(file, force, { signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      return outcome(result, seconds);
    }),
  );
}
