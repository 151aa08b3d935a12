import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageIds } from '../support/arbitraries.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

/** Not by fetch, which resolves `.` and `..` in a path before it sends them. */
const get = (messageId: string) => service.stream({ path: `/messages/${encodeURIComponent(messageId)}` });

async function expectKept(messageId: string): Promise<void> {
  const message = { ...MESSAGE, message_id: messageId };
  expect((await service.webhook(message)).headers.get('x-message-result')).toMatch(/^created|duplicate$/);
  const answer = await get(messageId);
  expect([answer.status, answer.json()]).toEqual([
    200,
    { ...message, provider: 'webhook', type: 'text', status: null, received_at: expect.any(String), trace_id: null },
  ]);
}

describe('GET /messages/{message_id}', () => {
  it('returns the instant of receipt and the trace', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const from = Date.now();
    await service.webhook({ ...MESSAGE, message_id: 'traced' }, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    const detail = (await get('traced')).json() as { received_at: string; trace_id: string };
    expect(detail.trace_id).toBe(trace);
    expect(Date.parse(detail.received_at)).toBeGreaterThanOrEqual(from);
    expect(Date.parse(detail.received_at)).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    'a/b',
    '/',
    '%',
    '%2F',
    '%zz',
    'wamid.HBg=',
    'a=b&c?d#e',
    ' ',
    'a+b',
    '"',
    '.',
    '..',
    'ü',
    'e\u0301',
    '😀',
    '\u2028',
    '__proto__',
  ])('returns the message with the id %j', expectKept);

  it('returns the message with any id', async () => {
    await fc.assert(fc.asyncProperty(messageIds, expectKept), { numRuns: 40 });
  });

  it('distinguishes ids that look alike', async () => {
    await expectKept('é alike');
    expect((await get('e\u0301 alike')).status).toBe(404);
    expect((await get('É alike')).status).toBe(404);
  });

  it('accepts a character that needs no escape either way', async () => {
    await expectKept('plain=a:b');
    expect((await service.stream({ path: '/messages/plain=a:b' })).status).toBe(200);
    expect((await service.stream({ path: '/messages/%70lain%3da%3Ab' })).status).toBe(200);
  });

  it('is a 404 for an unknown id', async () => {
    const answer = await service.read('/messages/unknown');
    expect([answer.status, answer.json()]).toEqual([
      404,
      expect.objectContaining({ detail: 'no message has this id' }),
    ]);
  });

  it.each([
    ['%00', 'string_pattern_mismatch'],
    ['a%0Ab', 'string_pattern_mismatch'],
    ['%C2%85', 'string_pattern_mismatch'],
    ['a'.repeat(256), 'string_too_long'],
  ])('is a 422 for an invalid id: %s', async (encoded, type) => {
    const answer = await service.read(`/messages/${encoded}`);
    expect(answer.status).toBe(422);
    expect(answer.json()).toMatchObject({ errors: [{ loc: ['path', 'message_id'], type }] });
  });

  it.each(['%', '%a', '%zz', '%ff', 'a%C3', '%ED%A0%80', '%C0%AF'])(
    'is a 404 for what is no percent-encoded UTF-8: %s',
    async (encoded) => {
      const answer = await service.stream({ path: `/messages/${encoded}` });
      expect([answer.status, answer.json()]).toEqual([404, expect.objectContaining({ type: '/problems/not-found' })]);
    },
  );
});
