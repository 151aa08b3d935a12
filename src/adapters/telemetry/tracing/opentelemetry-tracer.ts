import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { AnchoredClock, TraceState } from '@opentelemetry/core';
import { ATTR_ERROR_TYPE, ERROR_TYPE_VALUE_OTHER } from '@opentelemetry/semantic-conventions';
import type { CallerContext, Span, SpanContext, Tracer } from '../../../application/ports/telemetry.ts';
import { NO_SPAN } from './no-tracing.ts';

/**
 * Implements the port with OpenTelemetry's API. The active span follows asynchronous calls, and only this tracer knows it.
 */
export function openTelemetryTracer(tracer: OtelTracer): Tracer {
  const active = new AsyncLocalStorage<RunningSpan>();

  async function run<T>(span: RunningSpan, work: () => Promise<T>): Promise<T> {
    try {
      return await active.run(span, work);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  function start(name: string, parent: Span | undefined): RunningSpan {
    const within = parent instanceof RunningSpan ? parent : undefined;
    const clock = within?.clock ?? newClock();
    return new RunningSpan(tracer.startSpan(name, { startTime: clock.now() }, within?.within ?? ROOT_CONTEXT), clock);
  }

  return {
    inRequest(caller, work) {
      const clock = newClock();
      const options = { kind: SpanKind.SERVER, startTime: clock.now() };
      const span = new RunningSpan(tracer.startSpan('request', options, contextOfCaller(caller)), clock);
      return run(span, () => work(span));
    },
    inSpan: (name, work) => run(start(name, active.getStore()), work),
    active: () => active.getStore() ?? NO_SPAN,
    startSpan(name, { parent = active.getStore(), links = [] } = {}) {
      const span = start(name, parent);
      for (const to of links) span.link(to);
      return span;
    },
  };
}

/**
 * One clock for a request and all its spans. The SDK reads a millisecond clock for each span, so children could lie outside
 * their parents.
 */
function newClock(): AnchoredClock {
  return new AnchoredClock(Date, performance);
}

class RunningSpan implements Span {
  readonly #span: OtelSpan;
  readonly clock: AnchoredClock;
  /** The context in which its children start; most spans have no children. */
  #within: Context | undefined;

  constructor(span: OtelSpan, clock: AnchoredClock) {
    this.#span = span;
    this.clock = clock;
  }

  get context(): SpanContext {
    return this.#span.spanContext();
  }

  get recorded(): boolean {
    return (this.#span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  get within(): Context {
    return (this.#within ??= trace.setSpan(ROOT_CONTEXT, this.#span));
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: Readonly<Record<string, string | number>>): void {
    this.#span.setAttributes(attributes);
  }

  fail(error: unknown): void {
    const type = error instanceof Error ? error.name : typeof error === 'string' ? error : ERROR_TYPE_VALUE_OTHER;
    this.#span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute(ATTR_ERROR_TYPE, type);
  }

  /** A link to a span that is not recorded would lead nowhere. */
  link(to: Span): void {
    if (to instanceof RunningSpan && to.recorded) this.#span.addLink({ context: to.#span.spanContext() });
  }

  end(): void {
    this.#span.end(this.clock.now());
  }
}

function contextOfCaller(caller: CallerContext | undefined): Context {
  if (caller === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled, state } = caller;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state !== undefined && { traceState: new TraceState(state) }),
  });
}
