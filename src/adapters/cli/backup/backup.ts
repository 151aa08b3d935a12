import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { untilStopped } from '../stop-signals.ts';
import { outcome } from './result.ts';

export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function backup(
  { maintenance, drawsBars }: CommandDependencies,
  file: string,
  { force = false, json = false }: BackupOptions,
): Promise<Outcome> {
  const { backup: using } = await maintenance();
  return untilStopped('nothing is left behind', (signal) =>
    using(async (store) => {
      const progress = progressOn(process.stderr, drawsBars && !json);
      const started = performance.now();
      const result = await store.execute(file, force, { signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      return outcome(result, seconds);
    }),
  );
}
