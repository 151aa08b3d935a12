import type { CommandDependencies } from '../dependencies.ts';
import { requireReadable } from '../input.ts';
import { progressOn } from '../progress.ts';
import { say } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { asJson, summary } from './result.ts';

export interface RestoreOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function restore(
  { maintenance }: CommandDependencies,
  file: string,
  { force = false, json = false }: RestoreOptions,
): Promise<number> {
  const { restore: using } = await maintenance();
  return untilStopped('the database is as it was', (signal) =>
    using(async (store) => {
      const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
      const started = performance.now();
      requireReadable(file);
      const result = await store.execute(file, force, { signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      say(json ? [asJson(result, seconds)] : summary(result, seconds));
      return 0;
    }),
  );
}
