import { OutcomesUnknown, type MessageWriter } from '../../../application/ports/store.ts';
import type { Metrics, Span, Tracer } from '../../../application/ports/telemetry.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import type { PendingCall } from './pending-call.ts';

/** Returns a function that stores calls in one commit, in a span and with metrics. */
export function measuredCommit({
  metrics,
  tracer,
  onStored = () => undefined,
}: {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly onStored?: (() => void) | undefined;
}): (calls: readonly PendingCall[], add: MessageWriter['add']) => Promise<readonly UpdateOutcome[]> {
  return async (calls, add) => {
    const updates = calls.flatMap((call) => call.updates);
    const span = commitSpan(tracer, calls);
    for (const call of calls) {
      call.waiting?.link(span);
      call.waiting?.end();
      call.waiting = undefined;
    }
    const start = performance.now();
    const report = (outcome: 'committed' | 'failed'): void => {
      metrics.commit({ messages: updates.length, seconds: (performance.now() - start) / 1000, outcome });
      span.set({ 'commit.messages': updates.length, 'commit.outcome': outcome });
      span.end();
    };
    try {
      const outcomes = await add(updates);
      if (outcomes.includes('created')) onStored();
      report('committed');
      return outcomes;
    } catch (error) {
      if (error instanceof OutcomesUnknown && error.outcomes.includes('created')) onStored();
      span.fail(error);
      report('failed');
      throw error;
    }
  };
}

function commitSpan(tracer: Tracer, calls: readonly PendingCall[]): Span {
  const callers = calls.map(({ caller }) => caller);
  const parent = callers.find(({ recorded }) => recorded) ?? callers[0];
  return tracer.startSpan('commit', { parent, links: callers });
}
