import type { RestoredContent } from '../../../application/ports/backup.ts';
import type { Outcome } from '../outcome.ts';
import { messagesText, writtenSpan } from '../span.ts';

export function outcome(result: RestoredContent, seconds: number): Outcome {
  const { rows, migrated, wrongCounters: countedAnew, keptAs } = result;
  return {
    result: { rows, ...writtenSpan(result), migrated, countedAnew, keptAs, seconds: Number(seconds.toFixed(3)) },
    words: summary(result, seconds),
  };
}

function summary(result: RestoredContent, seconds: number): string[] {
  const { rows, migrated, wrongCounters, keptAs } = result;
  return [
    `messages  ${messagesText(rows, result)}`,
    `schema    ${migrated.length === 0 ? "is this version's" : `applied ${migrated.join(', ')}`}`,
    `counters  ${wrongCounters.length === 0 ? 'ok' : `were wrong in ${wrongCounters.join(', ')}, rebuilt`}`,
    ...(keptAs === null ? [] : [`kept      the database that was there: ${keptAs}`]),
    `time      ${seconds.toFixed(1)} s`,
  ];
}
