import type { RestoredContent } from '../../../application/ports/backup.ts';
import { jsonLine } from '../run-command.ts';
import { messagesText, writtenSpan } from '../span.ts';

/** For people. */
export function summary(result: RestoredContent, seconds: number): string[] {
  const { rows, migrated, wrongCounters, keptAs } = result;
  return [
    `messages  ${messagesText(rows, result)}`,
    `schema    ${migrated.length === 0 ? "is this version's" : `applied ${migrated.join(', ')}`}`,
    `counters  ${wrongCounters.length === 0 ? 'ok' : `were wrong in ${wrongCounters.join(', ')}, rebuilt`}`,
    ...(keptAs === null ? [] : [`kept      the database that was there: ${keptAs}`]),
    `time      ${seconds.toFixed(1)} s`,
  ];
}

/** For programs. */
export function asJson(result: RestoredContent, seconds: number): string {
  const { rows, migrated, wrongCounters: countedAnew, keptAs } = result;
  return jsonLine({
    ok: true,
    ...{ rows, ...writtenSpan(result), migrated, countedAnew, keptAs },
    seconds: Number(seconds.toFixed(3)),
  });
}
