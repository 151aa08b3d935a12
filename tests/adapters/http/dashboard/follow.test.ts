import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from '../../../../src/adapters/http/browser/dashboard/failure.js';
import { follow, type TailState } from '../../../../src/adapters/http/browser/dashboard/follow.js';

/** What a connection receives: an answer with these bytes, which then ends or breaks, or no answer. */
type Connection = { readonly chunks: readonly Uint8Array[]; readonly breaks?: boolean } | Failure | 'no answer';

/** Follows connections one after the other, with a fake clock, until there are no more. */
async function followed(connections: readonly Connection[], waits: readonly number[] = []) {
  const controller = new AbortController();
  const seen = { messages: [] as string[], resets: 0, asked: [] as string[], pauses: [] as number[], last: '' };
  const states: TailState[] = [];
  let time = 0;
  await follow({
    connect(lastId) {
      seen.asked.push(lastId);
      const connection = connections[seen.asked.length - 1];
      if (connection === 'no answer' || connection === undefined) return Promise.reject(new TypeError('fetch failed'));
      if (connection instanceof Failure) return Promise.reject(connection);
      return Promise.resolve(new Response(stream(connection.chunks, connection.breaks ?? false)));
    },
    onMessage: (data) => seen.messages.push(data),
    onReset: () => (seen.resets += 1),
    onState: (state) => states.push(state),
    wait(ms) {
      seen.pauses.push(ms);
      time += waits[seen.pauses.length - 1] ?? ms;
      if (seen.asked.length === connections.length) controller.abort();
      return Promise.resolve();
    },
    now: () => time,
    signal: controller.signal,
  });
  return { ...seen, states };
}

function stream(chunks: readonly Uint8Array[], breaks: boolean): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (breaks) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const event = (id: string, data: string): string => `event: message\nid: ${id}\ndata: ${data}\n\n`;
const whole = (text: string): Connection => ({ chunks: [utf8(text)] });

/** The bytes in pieces, cut at these positions. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
}

const MESSAGES = fc.array(
  fc.record({ text: fc.string({ unit: 'binary', maxLength: 20 }) }).map((one) => JSON.stringify(one)),
  { minLength: 1, maxLength: 8 },
);
const CUTS = fc.array(fc.nat(2_000), { maxLength: 30 });

describe('following the stream of messages', () => {
  it('delivers the same messages wherever the bytes are cut, even inside characters', async () => {
    await fc.assert(
      fc.asyncProperty(MESSAGES, CUTS, async (messages, cuts) => {
        const text = `retry: 2000\nid: 0\n\n: still here\n\n${messages.map((data, i) => event(String(i + 1), data)).join('')}`;
        const { messages: got } = await followed([{ chunks: cut(utf8(text), cuts) }]);
        expect(got).toEqual(messages);
      }),
    );
  });

  it('resumes after a cut at any byte, with each message once, if the service resumes after the id it receives', async () => {
    await fc.assert(
      fc.asyncProperty(MESSAGES, fc.nat(2_000), fc.boolean(), async (messages, place, breaks) => {
        const bytes = utf8(`id: 0\n\n${messages.map((data, i) => event(String(i + 1), data)).join('')}`);
        const first = { chunks: [bytes.slice(0, place % bytes.length)], breaks };
        const { asked } = await followed([first, 'no answer']);
        const id = asked[1] ?? '';
        const rest = messages
          .slice(id === '' ? 0 : Number(id))
          .map((data, i) => event(String(Number(id) + i + 1), data));
        const { messages: got } = await followed([first, whole(rest.join(''))]);
        expect(got).toEqual(messages);
      }),
    );
  });

  it('has a position to resume from before the first message', async () => {
    const { asked } = await followed([whole('id: start\n\n'), whole('')]);
    expect(asked).toEqual(['', 'start']);
  });

  it('ignores the id of a message that did not arrive completely', async () => {
    const { asked } = await followed([whole(`${event('1', '{}')}event: message\nid: 2\ndata: {"te`), whole('')]);
    expect(asked).toEqual(['', '1']);
  });

  it('says when messages may have been missed, and resumes from the new position', async () => {
    const { resets, asked, messages } = await followed([
      whole(event('1', '{}')),
      whole('event: reset\nid: 9\ndata: {}\n\n'),
      whole(event('10', '{}')),
    ]);
    expect({ resets, asked, messages }).toEqual({ resets: 1, asked: ['', '1', '9'], messages: ['{}', '{}'] });
  });

  it('starts from now after a long absence, because a page does not replay hours of messages', async () => {
    const { resets, asked } = await followed([whole(event('1', '{}')), 'no answer', whole('')], [1_000, 400_000]);
    expect({ resets, asked }).toEqual({ resets: 1, asked: ['', '1', ''] });
  });

  it('doubles the wait after each failure up to half a minute, obeys Retry-After, and waits little after success', async () => {
    const failures = new Array<Connection>(6).fill('no answer');
    const { pauses } = await followed([...failures, whole('retry: 500\n\n: hello\n\n'), 'no answer', 'no answer']);
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 500, 1_000, 2_000]);
    const withoutWord = await followed(['no answer', 'no answer', whole(event('1', '{}')), 'no answer']);
    expect(withoutWord.pauses).toEqual([2_000, 4_000, 2_000, 4_000]);
    const busy = await followed([new Failure('unavailable', { retryAfter: 7 }), 'no answer']);
    expect(busy.pauses).toEqual([7_000, 4_000]);
  });

  it.each(['key', 'missing', 'invalid'] as const)('ends when the service rejects for good: %s', async (kind) => {
    const failure = new Failure(kind);
    const { states, asked } = await followed([failure, whole('')]);
    expect(states).toEqual([{ kind: 'connecting' }, { kind: 'ended', failure }]);
    expect(asked).toHaveLength(1);
  });
});
