import type { BackupContent } from '../../persistence/maintenance/backup-content.ts';
import { jsonLine } from '../run-command.ts';
import { messagesText, writtenSpan } from '../span.ts';

export interface BackupResult extends BackupContent {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Whether nothing was found wrong. Of another version's schema the counters are not looked at. */
export function inOrder({ wrongCounters }: BackupContent): boolean {
  return wrongCounters === null || wrongCounters.length === 0;
}

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
    ok: inOrder(result),
    ...{ file, rows, ...writtenSpan(result), bytes, sha256, wrongCounters },
    seconds: Number(seconds.toFixed(3)),
  });
}

function countersText(wrong: readonly string[] | null): string {
  if (wrong === null) return "not checked: the schema is not this version's";
  return wrong.length === 0 ? 'ok' : `wrong in ${wrong.join(', ')}: run doctor --rebuild`;
}
