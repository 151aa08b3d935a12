import { describe, expect, it } from '@jest/globals';
import { eventStream, KEEP_ALIVE_MS } from '../../../../src/adapters/http/operations/events/event-stream.ts';
import { encodeEventId } from '../../../../src/adapters/http/operations/events/event-id.ts';
import type { StreamBatch } from '../../../../src/application/follow/message-stream.ts';
import type { StreamPosition } from '../../../../src/domain/stream-position.ts';
import { newMessage } from '../../../../src/domain/message.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { manualTimer } from '../../../support/fakes.ts';

const position = (at: number): StreamPosition => ({ epoch: 'e', at: BigInt(at), key: '' });
const id = (at: number): string => encodeEventId(position(at));
const arrived = (at: number, text: string | null = null) => ({
  position: position(at),
  message: newMessage({ messageId: `m${String(at)}`, from: '+1', to: '+2', sentAt: timestampFromMicros(0n), text }),
});

/** A message stream that the test feeds; each `give` resolves when the next batch is requested. */
function streaming() {
  const timer = manualTimer();
  const ended = new AbortController();
  const [given, asked]: [((batches: StreamBatch | null) => void)[], (() => void)[]] = [[], []];
  let sent = 0;
  async function* batches(): AsyncGenerator<StreamBatch, void, undefined> {
    for (;;) {
      const next = new Promise<StreamBatch | null>((resolve) => given.push(resolve));
      for (const one of asked.splice(0)) one();
      const item = await next;
      if (item === null) return;
      yield item;
    }
  }
  const stream = eventStream(
    {
      batches: batches(),
      end: () => {
        ended.abort();
        given.shift()?.(null);
      },
      signal: ended.signal,
    },
    timer,
    (messages) => (sent += messages),
  );
  return {
    ...{ stream, timer, ended },
    sent: () => sent,
    /** Whether a client requests batches. */
    asks: () => given.length > 0,
    give: (item: StreamBatch | null): Promise<void> => {
      const next = new Promise<void>((resolve) => asked.push(resolve));
      given.shift()?.(item);
      return next;
    },
    read: (): string => String(stream.read() ?? ''),
  };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};
const none = (at: number): StreamBatch => ({ messages: [], position: position(at), reset: false });

describe('an event stream', () => {
  it('begins with its position, then has an event for each message', async () => {
    const { stream, give, read, sent } = streaming();
    await settled();
    await give(none(1));
    await give({ messages: [arrived(2, 'zwei\nZeilen')], position: position(3), reset: false });
    const data = '{"message_id":"m2","from":"+1","to":"+2","ts":"1970-01-01T00:00:00Z","text":"zwei\\nZeilen",';
    expect(read()).toBe(
      `retry: 2000\n\nid: ${id(1)}\n\nevent: message\nid: ${id(2)}\ndata: ${data}"provider":"webhook","type":"text"}\n\n`,
    );
    expect(sent()).toBe(1);
    stream.destroy();
  });

  it('says that messages are missing, with the position from which it is complete again', async () => {
    const { stream, timer, give, read } = streaming();
    await settled();
    await give({ messages: [], position: position(9), reset: true });
    expect(read()).toBe(`retry: 2000\n\nevent: reset\nid: ${id(9)}\ndata: {}\n\n`);
    await give({ messages: [], position: position(3), reset: true });
    expect(read()).toBe(`event: reset\nid: ${id(3)}\ndata: {}\n\n`);
    timer.pass(KEEP_ALIVE_MS);
    expect(read()).toBe(':\n\n'); // the client knows its position
    stream.destroy();
  });

  it('has a regular comment with the position up to which there was nothing to send', async () => {
    const { stream, timer, give, read } = streaming();
    await settled();
    await give(none(1));
    read();
    timer.pass(KEEP_ALIVE_MS - 1);
    expect(read()).toBe('');
    timer.pass(1);
    expect(read()).toBe(':\n\n');
    await give(none(5));
    expect(read()).toBe('');
    timer.pass(KEEP_ALIVE_MS);
    expect(read()).toBe(`:\nid: ${id(5)}\n\n`);
    timer.pass(KEEP_ALIVE_MS);
    expect(read()).toBe(':\n\n');
    stream.destroy();
  });

  it('requests and sends nothing while the client does not read', async () => {
    const { stream, timer, give, asks, read } = streaming();
    await settled();
    const messages = Array.from({ length: 100 }, (_, i) => arrived(i, 'x'.repeat(4_096)));
    void give({ messages, position: position(99), reset: false });
    await settled();
    timer.pass(10 * KEEP_ALIVE_MS);
    expect([asks(), stream.readableLength < 64 * 1_024]).toEqual([false, true]);
    let all = '';
    while (!asks()) {
      all += read();
      await settled();
    }
    all += read();
    expect(all.match(/^event: message$/gm)).toHaveLength(100);
    expect(all).not.toContain(':\n\n');
    stream.destroy();
  });

  it('releases everything when the client has gone', async () => {
    const { stream, timer, ended } = streaming();
    await settled();
    expect(timer.waiting()).toBe(1);
    stream.destroy();
    await settled();
    expect([timer.waiting(), ended.signal.aborted]).toEqual([0, true]);
  });

  it('ends in order when the messages end, and immediately when the client does not read the rest', async () => {
    const read = streaming();
    await settled();
    await read.give(none(1));
    read.stream.resume();
    await settled();
    const whole = new Promise((resolve) => read.stream.on('end', resolve));
    read.ended.abort();
    void read.give(null);
    await whole;

    const unread = streaming();
    await settled();
    await unread.give(none(1));
    unread.ended.abort();
    await settled();
    expect([unread.stream.destroyed, unread.timer.waiting()]).toEqual([true, 0]);
  });
});
