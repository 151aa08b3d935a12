import { jsonLine, say } from '../run-command.ts';
import { progressOn } from '../progress.ts';
import { stopSignal } from '../stop-signals.ts';
import { withErasing } from '../erasing/database.ts';

export interface ReindexOptions {
  readonly json?: boolean;
}

export async function reindex({ json = false }: ReindexOptions): Promise<number> {
  return withErasing({ overwrite: false }, async ({ reindex: build }) => {
    const signal = stopSignal();
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
    const began = performance.now();
    const onProgress = (done: number, total: number): void => {
      progress.show('indexing', done, total);
    };
    const messages = await build({ signal, onProgress }).finally(progress.end);
    const seconds = (performance.now() - began) / 1_000;
    say(
      json
        ? [jsonLine({ ok: true, messages, seconds: Number(seconds.toFixed(3)) })]
        : [`indexed        ${String(messages)} messages`, `time           ${seconds.toFixed(1)} s`],
    );
    return 0;
  });
}
