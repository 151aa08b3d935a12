import { describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { samplerNamed } from '../../../../src/adapters/telemetry/tracing/samplers.ts';
import { SAMPLERS, type SamplerName } from '../../../../src/adapters/telemetry/tracing/tracing-options.ts';

const traceIds = fc.stringMatching(/^[0-9a-f]{32}$/).filter((id) => /[^0]/.test(id));

function samples(name: SamplerName, ratio: number, traceId: string, parentSampled?: boolean): boolean {
  const flags = parentSampled === true ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const parent = { traceId, spanId: '00f067aa0ba902b7', traceFlags: flags, isRemote: true };
  const context = parentSampled === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const { decision } = samplerNamed(name, ratio).shouldSample(context, traceId, 'request', SpanKind.SERVER, {}, []);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe('a sampler', () => {
  it('follows the caller if it is parent-based, and decides itself if it is not or there is no caller', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLERS), fc.constantFrom(0, 0.3, 1), traceIds, (name, ratio, traceId) => {
        const alone = samples(name, ratio, traceId);
        for (const sampled of [true, false]) {
          expect(samples(name, ratio, traceId, sampled)).toBe(name.startsWith('parentbased_') ? sampled : alone);
        }
        if (name.endsWith('always_on')) expect(alone).toBe(true);
        if (name.endsWith('always_off')) expect(alone).toBe(false);
      }),
    );
  });

  it('samples its share of the traces, the same ones each time', () => {
    const ids = fc.sample(traceIds, { numRuns: 2_000, seed: 1 });
    const taken = (ratio: number) => ids.filter((id) => samples('parentbased_traceidratio', ratio, id));
    expect(taken(0)).toEqual([]);
    expect(taken(1)).toEqual(ids);
    const half = taken(0.5);
    expect(Math.abs(half.length - 1_000)).toBeLessThan(150);
    const tenth = new Set(taken(0.1));
    expect(half.filter((id) => tenth.has(id))).toHaveLength(tenth.size);
  });
});
