import type { BackupContent } from '../../persistence/maintenance/backup-content.ts';
import { jsonLine } from '../run-command.ts';
import { messagesText, writtenSpan } from '../span.ts';

export interface RestoreResult extends Omit<BackupContent, 'wrongCounters'> {
  readonly migrated: readonly string[];
  /** Tables that were wrong in the backup and were counted anew. */
  readonly wrongCounters: readonly string[];
  /** Where the database is that was there before; null when there was none, or none is kept. */
  readonly keptAs: string | null;
}

/** For people. */
export function summary(result: RestoreResult, seconds: number): string[] {
  const { rows, migrated, wrongCounters, keptAs } = result;
  return [
    `messages  ${messagesText(rows, result)}`,
    `schema    ${migrated.length === 0 ? "is this version's" : `applied ${migrated.join(', ')}`}`,
    `counters  ${wrongCounters.length === 0 ? 'ok' : `were wrong in ${wrongCounters.join(', ')}, counted anew`}`,
    ...(keptAs === null ? [] : [`kept      the database that was there: ${keptAs}`]),
    `time      ${seconds.toFixed(1)} s`,
  ];
}

/** For programs. */
export function asJson(result: RestoreResult, seconds: number): string {
  const { rows, migrated, wrongCounters: countedAnew, keptAs } = result;
  return jsonLine({
    ok: true,
    ...{ rows, ...writtenSpan(result), migrated, countedAnew, keptAs },
    seconds: Number(seconds.toFixed(3)),
  });
}
