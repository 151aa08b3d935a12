import { Readable } from 'node:stream';
import type { Subscription, StreamBatch } from '../../../../application/follow/message-stream.ts';
import type { Timer } from '../../../../application/ports/time.ts';
import type { StreamPosition } from '../../../../domain/stream-position.ts';
import { followedToDto } from '../messages/dto.ts';
import { encodeEventId } from './event-id.ts';

/** More often than any proxy gives up a silent connection: 30 s are the shortest that are common. */
export const KEEP_ALIVE_MS = 15_000;
/** After which time a client that was cut off is to come back. */
const RETRY_MS = 2_000;
/** What is written at a time, and about what waits as text for who reads slowly, beside the batches that it is of. */
const CHUNK_CHARACTERS = 16_384;

/**
 * StreamBatch as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Every event carries in its `id`
 * where to go on. While the reader is slow nothing is written, nor read from the store, and so no keep-alive hides from the
 * connection's timeout that nobody reads. `onSent` is told how many messages went out.
 */
export function eventStream(
  { batches, end, signal }: Subscription,
  timer: Timer,
  onSent: (messages: number) => void,
): Readable {
  let wake: (() => void) | undefined;
  let told: StreamPosition | undefined;
  let reached: StreamPosition | undefined;
  const stream = new Readable({
    highWaterMark: CHUNK_CHARACTERS,
    read() {
      wake?.();
    },
    destroy(error, callback) {
      stopKeepingAlive();
      end();
      wake?.();
      callback(error);
    },
  });
  const stopKeepingAlive = timer.every(KEEP_ALIVE_MS, () => {
    if (stream.readableLength > 0 || wake !== undefined) return;
    // How far a filter has looked without finding anything: who comes back need not look again.
    if (reached === undefined || reached === told) {
      stream.push(':\n\n');
      return;
    }
    told = reached;
    stream.push(`:\nid: ${encodeEventId(reached)}\n\n`);
  });

  async function send(text: string): Promise<void> {
    if (stream.destroyed || stream.push(text)) return;
    await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
  }

  async function sendAll({ messages, position, reset }: StreamBatch): Promise<void> {
    if (reset) await send(eventText(position, 'reset', '{}'));
    else if (told === undefined && messages.length === 0) await send(`id: ${encodeEventId(position)}\n\n`);
    if (reset || told === undefined) told = position;
    let text = '';
    for (const { message, position: at } of messages) {
      text += eventText(at, 'message', JSON.stringify(followedToDto(message)));
      told = at;
      if (text.length < CHUNK_CHARACTERS) continue;
      await send(text);
      text = '';
    }
    if (text !== '') await send(text);
    onSent(messages.length);
    reached = position;
  }

  async function sendNews(): Promise<void> {
    for await (const item of batches) await sendAll(item);
    if (!stream.destroyed) stream.push(null);
  }

  // Whoever does not read what is there, or what was sent before, would hold up the end.
  signal.addEventListener('abort', () => {
    if (stream.readableLength > 0 || stream.isPaused()) stream.destroy();
  });
  stream.push(`retry: ${String(RETRY_MS)}\n\n`);
  sendNews().catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return stream;
}

function eventText(position: StreamPosition, event: string, data: string): string {
  return `event: ${event}\nid: ${encodeEventId(position)}\ndata: ${data}\n\n`;
}
