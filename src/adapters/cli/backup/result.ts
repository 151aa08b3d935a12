import { isSound, type BackupResult } from '../../../application/maintenance/backup-store.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT } from '../run-command.ts';
import { messagesText, writtenSpan } from '../span.ts';

export function outcome(result: BackupResult, seconds: number): Outcome {
  const { file, rows, bytes, sha256, wrongCounters } = result;
  const message = `the backup is complete, but its counters are ${countersText(wrongCounters)}`;
  return {
    result: {
      ...{ file, rows, ...writtenSpan(result), bytes, sha256, wrongCounters },
      seconds: Number(seconds.toFixed(3)),
    },
    words: summary(result, seconds),
    failure: isSound(result) ? undefined : { status: EXIT_FAULT, message },
  };
}

function summary(result: BackupResult, seconds: number): string[] {
  const { file, rows, bytes, sha256, wrongCounters } = result;
  return [
    `file      ${file}`,
    `messages  ${messagesText(rows, result)}`,
    `bytes     ${String(bytes)}`,
    `SHA-256   ${sha256}`,
    `counters  ${countersText(wrongCounters)}`,
    `time      ${seconds.toFixed(1)} s`,
  ];
}

function countersText(wrong: readonly string[] | null): string {
  if (wrong === null) return "not checked: the schema is not this version's";
  return wrong.length === 0 ? 'ok' : `wrong in ${wrong.join(', ')}: run doctor --rebuild`;
}
