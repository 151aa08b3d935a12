import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyBudget } from '../../../../src/adapters/http/body/body-budget.ts';
import { parseBody, parseJsonObject, readBody } from '../../../../src/adapters/http/body/read-body.ts';
import { recordingMetrics } from '../../../support/fakes.ts';

/** A request of these headers; its body is whatever is written to it. */
function incoming(headers: IncomingHttpHeaders = {}): IncomingMessage & PassThrough {
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

const roomy = () => bodyBudget(1_000, recordingMetrics()).open();
const problem = (kind: string): unknown => expect.objectContaining({ kind });
const thrown = (work: () => unknown): unknown => {
  try {
    return ['not thrown', work()];
  } catch (error) {
    return error;
  }
};

describe('readBody', () => {
  it('gives the bytes as they came, in whatever pieces', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(pieces, async (chunks) => {
        const request = incoming();
        const read = readBody(request, 320, roomy());
        for (const chunk of chunks) request.write(chunk);
        request.end();
        expect(Buffer.compare(await read, Buffer.concat(chunks))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('takes of its share what it allocates: all that came, and at most a block more', async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (sizes, declares) => {
        const sent = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i)));
        const metrics = recordingMetrics();
        const request = incoming(declares ? { 'content-length': String(sent.length) } : {});
        const read = readBody(request, 500_000, bodyBudget(600_000, metrics).open());
        let at = 0;
        for (const size of sizes) request.write(sent.subarray(at, (at += size)));
        request.end();
        expect(Buffer.compare(await read, sent)).toBe(0);
        const held = metrics.bodyBytesHeld.at(-1) ?? 0;
        if (declares) expect(held).toBe(sent.length);
        else expect(held - sent.length).toBeLessThan(16_384);
        expect(held).toBeGreaterThanOrEqual(sent.length);
      }),
      { numRuns: 50 },
    );
  });

  it('takes as many bytes as the limit and not one more', async () => {
    for (const [size, outcome] of [
      [10, { length: 10 }],
      [11, problem('content-too-large')],
    ] as const) {
      const request = incoming();
      request.end(Buffer.alloc(size));
      const result: unknown = await readBody(request, 10, roomy()).catch((error: unknown) => error);
      expect(result).toEqual(size === 10 ? expect.objectContaining(outcome) : outcome);
    }
  });

  it('refuses a declared length over the limit without reading', async () => {
    const request = incoming({ 'content-length': '11' });
    await expect(readBody(request, 10, roomy())).rejects.toEqual(problem('content-too-large'));
    expect(request.listenerCount('data')).toBe(0);
  });

  it('stops listening once it is settled', async () => {
    const request = incoming();
    const read = readBody(request, 10, roomy());
    request.write(Buffer.alloc(11));
    await expect(read).rejects.toEqual(problem('content-too-large'));
    expect(request.listenerCount('data')).toBe(0);
  });

  it.each([new Error('cut'), undefined])('is a bad request when the sender goes away (%s)', async (error) => {
    const request = incoming({ 'content-length': '10' });
    const read = readBody(request, 10, roomy());
    request.write('half');
    request.destroy(error);
    await expect(read).rejects.toEqual(problem('bad-request'));
  });
});

const JSON_ONLY = ['application/json'];
const FORM = 'application/x-www-form-urlencoded';

describe('parseBody', () => {
  it.each<IncomingHttpHeaders>([
    { 'content-type': 'application/json' },
    { 'content-type': 'APPLICATION/JSON ; Charset = "UTF-8" ' },
    { 'content-type': 'application/json', 'content-encoding': 'Identity' },
  ])('takes %j', (headers) => {
    expect(parseBody(headers, JSON_ONLY, Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  });

  it.each<IncomingHttpHeaders>([
    {},
    { 'content-type': '' },
    { 'content-type': 'text/json' },
    { 'content-type': FORM },
    { 'content-type': 'application/json, text/plain' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    { 'content-type': 'application/json', 'content-encoding': 'identity, gzip' },
  ])('refuses %j', (headers) => {
    expect(
      thrown(() => {
        parseBody(headers, JSON_ONLY, Buffer.from('{}'));
      }),
    ).toEqual(problem('unsupported-media-type'));
  });
});

describe('a form', () => {
  const parse = (text: string | Uint8Array) =>
    parseBody(
      { 'content-type': FORM },
      ['application/json', FORM],
      typeof text === 'string' ? Buffer.from(text) : text,
    );

  it('gives every parameter, and the first of those that are repeated', () => {
    const parameters = fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', ''), fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(parameters, (sent) => {
        const wellFormed = sent.map(([name, value]) => [name, value.toWellFormed()] as [string, string]);
        const parsed = parse(new URLSearchParams(wellFormed).toString());
        const expected = Object.groupBy(wellFormed, ([name]) => name);
        expect(Object.keys(parsed).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, pairs = []] of Object.entries(expected)) {
          expect(Object.getOwnPropertyDescriptor(parsed, name)?.value).toBe(pairs[0]?.[1]);
        }
      }),
    );
  });

  it('is told from what is not UTF-8, and from what the operation does not take', () => {
    expect(thrown(() => parse(Uint8Array.of(0x61, 0x3d, 0xff)))).toMatchObject({ kind: 'validation-error' });
    expect(thrown(() => parseBody({ 'content-type': 'text/plain' }, [...JSON_ONLY, FORM], Buffer.from('a=b')))).toEqual(
      expect.objectContaining({
        kind: 'unsupported-media-type',
        detail: 'send the body as application/json or application/x-www-form-urlencoded',
      }),
    );
  });
});

describe('parseJsonObject', () => {
  it('gives back any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJsonObject(Buffer.from(text)))).toBe(text);
      }),
    );
  });

  it('refuses every other value, and all other bytes, without a word of them', () => {
    const others = fc
      .jsonValue()
      .filter((value) => typeof value !== 'object' || value === null || Array.isArray(value));
    const bodies = fc.oneof(
      others.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 20 }).filter((bytes) => bytes[0] !== 0x7b),
      fc.string({ minLength: 8 }).map((text) => Buffer.from(`{"a":${text}`)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const { kind, errors } = thrown(() => parseJsonObject(body)) as { kind: string; errors: { msg: string }[] };
        expect(kind).toBe('validation-error');
        expect(errors).toHaveLength(1);
        expect(errors[0]?.msg).toMatch(/^must (be UTF-8|be JSON|not be empty|be object)$/);
      }),
    );
  });
});
