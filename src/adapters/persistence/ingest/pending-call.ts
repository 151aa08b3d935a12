import type { OutcomesUnknown } from '../../../application/ports/store.ts';
import type { Span } from '../../../application/ports/telemetry.ts';
import type { NewUpdate, Payload } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';

/** A call of `add` that is not answered yet. */
export interface PendingCall {
  readonly updates: readonly NewUpdate[];
  readonly bytes: number;
  readonly resolve: (outcomes: readonly UpdateOutcome[]) => void;
  readonly reject: (error: unknown) => void;
  /** The span in which add was called. */
  readonly caller: Span;
  /** The span of its time in the queue, until its first commit. */
  waiting: Span | undefined;
}

/** Answers each call with its part of the outcomes, or with `otherwise` if one of them is not known. */
export function settleAll(
  group: readonly PendingCall[],
  outcomes: readonly (UpdateOutcome | null)[],
  otherwise: OutcomesUnknown | null,
): void {
  let first = 0;
  for (const call of group) {
    const own = outcomes.slice(first, first + call.updates.length);
    first += call.updates.length;
    const known = own.filter((outcome) => outcome !== null);
    if (known.length === own.length) call.resolve(known);
    else call.reject(otherwise);
  }
}

/** The bytes of each body once, and about those of the texts. */
export function bytesOf(updates: readonly NewUpdate[]): number {
  const bodies = new Set<Payload>();
  let bytes = 0;
  for (const update of updates) {
    if ('text' in update) bytes += update.text?.length ?? 0;
    if ('payload' in update) bodies.add(update.payload);
  }
  for (const { body } of bodies) bytes += body.byteLength;
  return bytes;
}
