import { isComplete } from '../../../application/maintenance/copy-store.ts';
import type { CopyResult } from '../../../application/ports/transfer.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT } from '../run-command.ts';

export function outcome(result: CopyResult, seconds: number): Outcome {
  const { firstDifference: first, source } = result;
  return {
    result: {
      ...result,
      firstDifference: first === null ? null : { messageId: first.messageId, what: first.what },
      seconds: Number(seconds.toFixed(3)),
      rowsPerSecond: Number(rate(source.rows, seconds)),
    },
    words: summary(result, seconds),
    failure: isComplete(result)
      ? undefined
      : { status: EXIT_FAULT, message: 'the target does not hold all of the source' },
  };
}

function summary(result: CopyResult, seconds: number): string[] {
  const { copied, alreadyThere, conflicts, conflicting, source, target, firstDifference, belongings, wrongCounters } =
    result;
  const ids = conflicting.map((id) => JSON.stringify(id)).join(', ');
  const difference =
    firstDifference === null ? 'none' : `${JSON.stringify(firstDifference.messageId)} is ${firstDifference.what}`;
  return [
    `copied         ${String(copied)}`,
    `already there  ${String(alreadyThere)}`,
    `conflicts      ${String(conflicts)}${conflicts === 0 ? '' : `: ${ids}${conflicts > conflicting.length ? ', ...' : ''}`}`,
    `source         ${String(source.rows)} rows, SHA-256 ${source.sha256}`,
    `target         ${String(target.rows)} rows, SHA-256 ${target.sha256}`,
    `difference     ${difference}`,
    `bodies         ${String(belongings.target.bodies)} of ${String(belongings.source.bodies)}`,
    `statuses       ${String(belongings.target.statuses)} of ${String(belongings.source.statuses)}`,
    `arrivals       ${String(belongings.target.arrivals)} of ${String(belongings.source.arrivals)}`,
    `traces         ${String(belongings.target.traces)} of ${String(belongings.source.traces)}`,
    `unknown        ${String(result.unknown)} updates copied`,
    `counters       ${wrongCounters.length === 0 ? 'ok' : `wrong in ${wrongCounters.join(', ')}: run doctor --rebuild`}`,
    `time           ${seconds.toFixed(1)} s, ${rate(source.rows, seconds)} rows/s`,
  ];
}

function rate(rows: number, seconds: number): string {
  return (rows / seconds).toFixed(0);
}
