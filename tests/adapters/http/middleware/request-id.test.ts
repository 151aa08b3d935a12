import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { requestIds } from '../../../../src/adapters/http/middleware/request-id.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${String(length)}}$`));
const notZero = (text: string): boolean => /[^0]/.test(text);

describe('the request id', () => {
  it('is the one of the request when it is well formed', () => {
    const unit = fc.constantFrom('a', 'z', 'A', 'Z', '0', '9', '.', '_', '-');
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 64 }), (id) => {
        expect(requestIds({ 'x-request-id': id })).toEqual({ requestId: id, caller: undefined });
      }),
    );
  });

  it('is replaced when it is malformed', () => {
    const bad = fc.string({ maxLength: 100 }).filter((id) => id.length > 64 || !/^[\w.-]+$/.test(id));
    fc.assert(
      fc.property(fc.oneof(bad, fc.constantFrom('a\n', 'ä', 'x'.repeat(65))), (id) => {
        expect(requestIds({ 'x-request-id': id }).requestId).toMatch(UUID);
      }),
    );
  });

  it('is a new one for each request without one', () => {
    const made = Array.from({ length: 100 }, () => requestIds({}).requestId);
    expect(new Set(made).size).toBe(100);
    for (const id of made) expect(id).toMatch(UUID);
  });
});

describe('the caller', () => {
  const versions = hex(2).filter((version) => version !== 'ff');
  const ids = fc.tuple(hex(32).filter(notZero), hex(16).filter(notZero), hex(2));

  it('is the span of the traceparent, and its trace is never the request id, because requests of a trace share it', () => {
    fc.assert(
      fc.property(versions, ids, fc.option(fc.string(), { nil: undefined }), (version, ids, state) => {
        const [traceId, spanId, flags] = ids;
        const headers = {
          traceparent: `${version}-${ids.join('-')}`,
          ...(state !== undefined && { tracestate: state }),
        };
        const caller = { traceId, spanId, sampled: '13579bdf'.includes(flags.slice(1)), state };
        expect(requestIds(headers)).toEqual({ requestId: expect.stringMatching(UUID), caller });
        expect(requestIds({ ...headers, 'x-request-id': 'a' })).toEqual({ requestId: 'a', caller });
      }),
    );
  });

  it('may have further fields in a later version, but not in the first', () => {
    const tails = fc.string().map((text) => `-${text.replaceAll(/[\n\r\u2028\u2029]/g, '')}`);
    fc.assert(
      fc.property(versions, ids, tails, (version, ids, tail) => {
        const { caller } = requestIds({ traceparent: `${version}-${ids.join('-')}${tail}` });
        expect(caller?.traceId).toBe(version === '00' ? undefined : ids[0]);
      }),
    );
    expect(requestIds({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more` }).caller).toBeUndefined();
  });

  it('is undefined for anything else', () => {
    fc.assert(
      fc.property(fc.string(), (traceparent) => {
        expect(requestIds({ traceparent }).caller).toBeUndefined();
      }),
    );
  });
});
