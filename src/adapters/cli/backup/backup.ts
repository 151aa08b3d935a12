import { isSound } from '../../../application/maintenance/backup-store.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import { EXIT_FAULT, say } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { asJson, summary } from './result.ts';

export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function backup(
  { maintenance }: CommandDependencies,
  file: string,
  { force = false, json = false }: BackupOptions,
): Promise<number> {
  const { backup: using } = await maintenance();
  return untilStopped('nothing is left behind', (signal) =>
    using(async (store) => {
      const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
      const started = performance.now();
      const result = await store.execute(file, force, { signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      say(json ? [asJson(result, seconds)] : summary(result, seconds));
      return isSound(result) ? 0 : EXIT_FAULT;
    }),
  );
}
