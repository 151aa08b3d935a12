import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallerContext, Span, Tracer } from '../../src/application/ports/telemetry.ts';
import { NO_SPAN } from '../../src/adapters/telemetry/tracing/no-tracing.ts';

export interface RecordedSpan extends Span {
  name: string;
  readonly parent: Span | CallerContext | undefined;
  readonly links: Span[];
  readonly attributes: Record<string, string | number>;
  failure: unknown;
  ended: boolean;
}

export interface RecordingTracer extends Tracer {
  /** In the order in which they were started. */
  readonly spans: RecordedSpan[];
  named(name: string): RecordedSpan[];
}

/** Keeps every span, and throws when code uses one after its end. `isRecorded` is called for spans without a parent. */
export function recordingTracer(isRecorded: (name: string) => boolean = () => true): RecordingTracer {
  const spans: RecordedSpan[] = [];
  const active = new AsyncLocalStorage<RecordedSpan>();

  function start(name: string, parent: RecordedSpan | CallerContext | undefined, links: readonly Span[]): RecordedSpan {
    const open = <A extends unknown[]>(change: (...args: A) => void): ((...args: A) => void) => {
      return (...args) => {
        if (span.ended) throw new Error(`${span.name} has ended`);
        change(...args);
      };
    };
    const number = String(spans.length + 1);
    const span: RecordedSpan = {
      name,
      parent,
      links: [...links],
      attributes: {},
      failure: undefined,
      ended: false,
      context: { traceId: traceOf(parent) ?? number.padStart(32, '0'), spanId: number.padStart(16, '0') },
      recorded: recordedIn(parent) ?? isRecorded(name),
      rename: open((to: string) => (span.name = to)),
      set: open((attributes: Readonly<Record<string, string | number>>) => Object.assign(span.attributes, attributes)),
      fail: open((error: unknown) => (span.failure = error)),
      link: open((to: Span) => span.links.push(to)),
      end: open(() => (span.ended = true)),
    };
    spans.push(span);
    return span;
  }

  async function run<T>(span: RecordedSpan, work: () => Promise<T>): Promise<T> {
    try {
      return await active.run(span, work);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    spans,
    named: (name) => spans.filter((span) => span.name === name),
    inRequest(caller, work) {
      const span = start('request', caller, []);
      return run(span, () => work(span));
    },
    inSpan: (name, work) => run(start(name, active.getStore(), []), work),
    active: () => active.getStore() ?? NO_SPAN,
    startSpan: (name, { parent = active.getStore(), links = [] } = {}) =>
      start(name, parent === NO_SPAN ? undefined : (parent as RecordedSpan | undefined), links),
  };
}

function traceOf(parent: RecordedSpan | CallerContext | undefined): string | undefined {
  if (parent === undefined) return undefined;
  return 'traceId' in parent ? parent.traceId : parent.context?.traceId;
}

function recordedIn(parent: RecordedSpan | CallerContext | undefined): boolean | undefined {
  if (parent === undefined) return undefined;
  return 'traceId' in parent ? parent.sampled : parent.recorded;
}
