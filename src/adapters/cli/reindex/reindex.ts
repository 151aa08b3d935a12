import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { RESUMABLE, untilStopped } from '../stop-signals.ts';

export interface ReindexOptions {
  readonly json?: boolean;
}

export async function reindex(
  { maintenance, drawsBars }: CommandDependencies,
  { json = false }: ReindexOptions,
): Promise<Outcome> {
  const { reindex: using } = await maintenance();
  return using((index) =>
    untilStopped(RESUMABLE, async (signal) => {
      const progress = progressOn(process.stderr, drawsBars && !json);
      const began = performance.now();
      const messages = await index.execute({ signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - began) / 1_000;
      return {
        result: { messages, seconds: Number(seconds.toFixed(3)) },
        words: [`indexed        ${String(messages)} messages`, `time           ${seconds.toFixed(1)} s`],
      };
    }),
  );
}
