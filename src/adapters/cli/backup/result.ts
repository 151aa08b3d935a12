import { isSound, type BackupResult } from '../../../application/maintenance/backup-store.ts';
import { jsonLine } from '../run-command.ts';
import { messagesText, writtenSpan } from '../span.ts';

/** For people. */
export function summary(result: BackupResult, seconds: number): string[] {
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

/** For programs. */
export function asJson(result: BackupResult, seconds: number): string {
  const { file, rows, bytes, sha256, wrongCounters } = result;
  return jsonLine({
    ok: isSound(result),
    ...{ file, rows, ...writtenSpan(result), bytes, sha256, wrongCounters },
    seconds: Number(seconds.toFixed(3)),
  });
}

function countersText(wrong: readonly string[] | null): string {
  if (wrong === null) return "not checked: the schema is not this version's";
  return wrong.length === 0 ? 'ok' : `wrong in ${wrong.join(', ')}: run doctor --rebuild`;
}
