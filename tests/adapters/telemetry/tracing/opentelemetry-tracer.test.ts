import { describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { NO_SPAN, NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { openTelemetryTracer } from '../../../../src/adapters/telemetry/tracing/opentelemetry-tracer.ts';
import type { CallerContext, Span } from '../../../../src/application/ports/telemetry.ts';

const CALLER: CallerContext = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  sampled: true,
  state: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
};

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const spans = () => exporter.getFinishedSpans();
  const named = (name: string) => {
    const found = spans().find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name} has ended`);
    return found;
  };
  return { tracer: openTelemetryTracer(provider.getTracer('test')), spans, named };
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the span of a request', () => {
  it("is the caller's child, has the caller's state, and is a server span", async () => {
    const { tracer, named } = tracing();
    await tracer.inRequest(CALLER, async (span) => {
      await turnOfTheLoop();
      span.rename('GET /');
    });
    const span = named('GET /');
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.parentSpanContext).toMatchObject({ spanId: CALLER.spanId, isRemote: true });
    expect(span.spanContext().traceId).toBe(CALLER.traceId);
    expect(span.spanContext().traceState?.serialize()).toBe(CALLER.state);
  });

  it('starts a new trace without a caller', async () => {
    const { tracer, spans } = tracing();
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => tracer.inRequest(undefined, (span) => Promise.resolve(span.context))),
    );
    expect(new Set(ids.map((context) => context?.traceId)).size).toBe(10);
    expect(spans().map((span) => span.parentSpanContext)).toEqual(ids.map(() => undefined));
    expect(spans().map((span) => span.spanContext())).toMatchObject(ids);
  });

  it("is not recorded, nor are its children, if the caller's is not; its trace is known nevertheless", async () => {
    const { tracer, spans } = tracing();
    await tracer.inRequest({ ...CALLER, sampled: false }, async (span) => {
      expect(span.recorded).toBe(false);
      expect(span.context?.traceId).toBe(CALLER.traceId);
      expect(tracer.startSpan('within').recorded).toBe(false);
      await tracer.inSpan('within', () => Promise.resolve());
    });
    expect(spans()).toEqual([]);
  });

  it('accepts any state of a caller', async () => {
    const { tracer } = tracing();
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 1_000 }), async (state) => {
        await tracer.inRequest({ ...CALLER, state }, async (span) => {
          await Promise.resolve();
          span.set({ a: 1 });
        });
      }),
    );
  });
});

describe('the active span', () => {
  it('is the span of the current work, however requests overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), async (turns) => {
        const { tracer, spans } = tracing();
        await Promise.all(
          turns.map((count, i) =>
            tracer.inRequest(undefined, async (span) => {
              span.rename(`request ${String(i)}`);
              for (let turn = 0; turn < count; turn++) await turnOfTheLoop();
              expect(tracer.active()).toBe(span);
              await tracer.inSpan(`inner ${String(i)}`, async () => {
                await turnOfTheLoop();
                tracer.startSpan(`started ${String(i)}`).end();
              });
              expect(tracer.active()).toBe(span);
            }),
          ),
        );
        const parentOf = (name: string) => {
          const id = spans().find((span) => span.name === name)?.parentSpanContext?.spanId;
          return spans().find((span) => span.spanContext().spanId === id)?.name;
        };
        for (const i of turns.keys()) {
          expect(parentOf(`started ${String(i)}`)).toBe(`inner ${String(i)}`);
          expect(parentOf(`inner ${String(i)}`)).toBe(`request ${String(i)}`);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is undefined outside of all work: a span that starts there begins a trace', () => {
    const { tracer, named } = tracing();
    expect(tracer.active()).toBe(NO_SPAN);
    tracer.startSpan('alone', { parent: tracer.active() }).end();
    expect(named('alone').parentSpanContext).toBeUndefined();
  });
});

describe('a span', () => {
  it('has its attributes, links to recorded spans, and the given parent', async () => {
    const { tracer, named } = tracing();
    let unrecorded: Span = NO_SPAN;
    await tracer.inRequest({ ...CALLER, sampled: false }, (span) => Promise.resolve(void (unrecorded = span)));
    const [parent, other] = [tracer.startSpan('parent'), tracer.startSpan('other')];
    const span = tracer.startSpan('span', { parent, links: [parent, unrecorded, NO_SPAN] });
    span.link(other);
    span.set({ number: 1, text: 'a' });
    for (const one of [span, parent, other]) one.end();
    expect(named('span').links.map(({ context }) => context.spanId)).toEqual([
      parent.context?.spanId,
      other.context?.spanId,
    ]);
    expect(named('span').parentSpanContext?.spanId).toBe(parent.context?.spanId);
    expect(named('span').attributes).toEqual({ number: 1, text: 'a' });
  });

  it('lies within its parent, however short it is', async () => {
    const nanos = ([seconds, rest]: readonly [number, number]) => BigInt(seconds) * 1_000_000_000n + BigInt(rest);
    for (let time = 0; time < 20; time++) {
      const { tracer, named } = tracing();
      await tracer.inRequest(undefined, async (span) => {
        span.rename('outer');
        await tracer.inSpan('inner', turnOfTheLoop);
        await Promise.resolve();
      });
      const [outer, inner] = [named('outer'), named('inner')];
      const times = [outer.startTime, inner.startTime, inner.endTime, outer.endTime].map(nanos);
      expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
      expect(inner.duration).not.toEqual([0, 0]);
      expect(Math.abs(outer.startTime[0] - Date.now() / 1000)).toBeLessThan(10);
    }
  });
});

describe('a failure', () => {
  it.each<[unknown, string]>([
    [new TypeError('what a person wrote'), 'TypeError'],
    [Object.assign(new Error('what a person wrote'), { name: 'StoreUnavailable' }), 'StoreUnavailable'],
    ['503', '503'],
    [undefined, '_OTHER'],
    [{ message: 'what a person wrote' }, '_OTHER'],
  ])('is recorded by its kind only: %s', async (error, type) => {
    const { tracer, named } = tracing();
    const work = tracer.inSpan('work', () => Promise.reject(error as Error));
    await expect(work).rejects.toBe(error);
    expect(named('work').status).toEqual({ code: SpanStatusCode.ERROR });
    expect(named('work').attributes).toEqual({ 'error.type': type });
    expect(named('work').events).toEqual([]);
  });
});

describe('no tracing', () => {
  it('has one span for everything, and runs the work itself', async () => {
    const work = Promise.resolve(1);
    expect(NO_TRACING.inSpan('work', () => work)).toBe(work);
    expect(NO_TRACING.inRequest(CALLER, () => work)).toBe(work);
    expect(await NO_TRACING.inRequest(CALLER, (span) => Promise.resolve(span))).toBe(NO_SPAN);
    expect(NO_TRACING.startSpan('work')).toBe(NO_TRACING.active());
    expect(NO_SPAN.context).toBeUndefined();
  });
});
