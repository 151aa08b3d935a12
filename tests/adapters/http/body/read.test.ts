import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyBudget } from '../../../../src/adapters/http/body/budget.ts';
import { readBody } from '../../../../src/adapters/http/body/read.ts';
import { recordingMetrics } from '../../../support/fakes.ts';

/** A request with these headers; the test writes its body. */
function incoming(headers: IncomingHttpHeaders = {}): IncomingMessage & PassThrough {
  return Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage & PassThrough;
}

const roomy = () => bodyBudget(1_000, recordingMetrics()).open();
const problem = (kind: string): unknown => expect.objectContaining({ kind });

describe('readBody', () => {
  it('returns the bytes as received, in any pieces', async () => {
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

  it('reserves the bytes that it allocates: those received, and up to one more block', async () => {
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

  it('accepts up to the limit and not one byte more', async () => {
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

  it('rejects a declared length over the limit without reading', async () => {
    const request = incoming({ 'content-length': '11' });
    await expect(readBody(request, 10, roomy())).rejects.toEqual(problem('content-too-large'));
    expect(request.listenerCount('data')).toBe(0);
  });

  it('stops listening once it has settled', async () => {
    const request = incoming();
    const read = readBody(request, 10, roomy());
    request.write(Buffer.alloc(11));
    await expect(read).rejects.toEqual(problem('content-too-large'));
    expect(request.listenerCount('data')).toBe(0);
  });

  it.each([new Error('cut'), undefined])('is a bad request if the sender disconnects (%s)', async (error) => {
    const request = incoming({ 'content-length': '10' });
    const read = readBody(request, 10, roomy());
    request.write('half');
    request.destroy(error);
    await expect(read).rejects.toEqual(problem('bad-request'));
  });
});
