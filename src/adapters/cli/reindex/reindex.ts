import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import { jsonLine, say } from '../run-command.ts';
import { RESUMABLE, untilStopped } from '../stop-signals.ts';

export interface ReindexOptions {
  readonly json?: boolean;
}

export async function reindex({ maintenance }: CommandDependencies, { json = false }: ReindexOptions): Promise<number> {
  const { reindex: using } = await maintenance();
  return using((index) =>
    untilStopped(RESUMABLE, async (signal) => {
      const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
      const began = performance.now();
      const messages = await index.execute({ signal, onProgress: progress.show }).finally(progress.end);
      const seconds = (performance.now() - began) / 1_000;
      say(
        json
          ? [jsonLine({ ok: true, messages, seconds: Number(seconds.toFixed(3)) })]
          : [`indexed        ${String(messages)} messages`, `time           ${seconds.toFixed(1)} s`],
      );
      return 0;
    }),
  );
}
