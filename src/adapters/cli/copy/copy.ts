import { copyMessages, requireNewestSchema } from '../../persistence/transfer/copy-messages.ts';
import { EXIT_FAULT, say, UsageError } from '../run-command.ts';
import { ConfigError } from '../../../infrastructure/config/config.ts';
import { openCopySource, openCopyTarget } from '../../../infrastructure/database.ts';
import {
  databaseLocation,
  sameDatabase,
  type DatabaseLocation,
} from '../../../infrastructure/config/database-location.ts';
import { progressOn } from '../progress.ts';
import { untilStopped } from '../stop-signals.ts';
import { asJson, inOrder, summary } from './result.ts';

export interface CopyOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export async function copy({ from: source, to: target, json = false }: CopyOptions): Promise<number> {
  if (source === undefined || target === undefined) throw new UsageError('--from and --to are needed');
  const [from, to] = [location('--from', source), location('--to', target)];
  if (sameDatabase(from, to)) throw new UsageError('--from and --to are the same database');
  return untilStopped('the same command goes on', (signal) => copyBetween(from, to, json, signal));
}

async function copyBetween(
  from: DatabaseLocation,
  to: DatabaseLocation,
  json: boolean,
  signal: AbortSignal,
): Promise<number> {
  const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
  const started = performance.now();
  const source = await openCopySource(from);
  try {
    await requireNewestSchema(source.db);
    const target = await openCopyTarget(to);
    try {
      const options = { signal, onProgress: progress.show };
      const result = await copyMessages(source, target, options).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      say(json ? [asJson(result, seconds)] : summary(result, seconds));
      return inOrder(result) ? 0 : EXIT_FAULT;
    } finally {
      await target.db.destroy();
    }
  } finally {
    await source.db.destroy();
  }
}

/** As the configuration's own parser has it, so that whatever the service takes is taken here. */
function location(option: '--from' | '--to', url: string): DatabaseLocation {
  try {
    return databaseLocation(url);
  } catch (error) {
    throw new ConfigError([`${option} ${error instanceof Error ? error.message : 'is not valid'}`]);
  }
}
