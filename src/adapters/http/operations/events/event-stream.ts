import { Readable } from 'node:stream';
import type { Subscription, StreamBatch } from '../../../../application/follow/message-stream.ts';
import type { Timer } from '../../../../application/ports/time.ts';
import type { StreamPosition } from '../../../../domain/stream-position.ts';
import { followedToDto } from '../messages/dto.ts';
import { encodeEventId } from './event-id.ts';

/** Shorter than the idle timeout of any common proxy, of which the shortest is 30 s. */
export const KEEP_ALIVE_MS = 15_000;
/** How long a disconnected client waits before it reconnects. */
const RETRY_MS = 2_000;
/** Size of a write, and roughly of the text that waits for a slow reader, in addition to its batch. */
const CHUNK_CHARACTERS = 16_384;

/**
 * Writes batches as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). The `id` of every event is
 * the position to resume from. While the reader is slow, nothing is written or read from the store; no keep-alive either, so the
 * idle timeout closes the connection of a client that does not read. `onSent` receives the number of messages written.
 */
export function eventStream(
  { batches, end, signal }: Subscription,
  timer: Timer,
  onSent: (messages: number) => void,
): Readable {
  let wake: (() => void) | undefined;
  let announced: StreamPosition | undefined;
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
    // The position that a filter has reached without a match: a client that reconnects need not repeat the search.
    if (reached === undefined || reached === announced) {
      stream.push(':\n\n');
      return;
    }
    announced = reached;
    stream.push(`:\nid: ${encodeEventId(reached)}\n\n`);
  });

  async function send(text: string): Promise<void> {
    if (stream.destroyed || stream.push(text)) return;
    await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
  }

  async function sendAll({ messages, position, reset }: StreamBatch): Promise<void> {
    if (reset) await send(eventText(position, 'reset', '{}'));
    else if (announced === undefined && messages.length === 0) await send(`id: ${encodeEventId(position)}\n\n`);
    if (reset || announced === undefined) announced = position;
    let text = '';
    for (const { message, position: at } of messages) {
      text += eventText(at, 'message', JSON.stringify(followedToDto(message)));
      announced = at;
      if (text.length < CHUNK_CHARACTERS) continue;
      await send(text);
      text = '';
    }
    if (text !== '') await send(text);
    onSent(messages.length);
    reached = position;
  }

  async function sendBatches(): Promise<void> {
    for await (const batch of batches) await sendAll(batch);
    if (!stream.destroyed) stream.push(null);
  }

  // A client that does not read would delay the end.
  signal.addEventListener('abort', () => {
    if (stream.readableLength > 0 || stream.isPaused()) stream.destroy();
  });
  stream.push(`retry: ${String(RETRY_MS)}\n\n`);
  sendBatches().catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return stream;
}

function eventText(position: StreamPosition, event: string, data: string): string {
  return `event: ${event}\nid: ${encodeEventId(position)}\ndata: ${data}\n\n`;
}
