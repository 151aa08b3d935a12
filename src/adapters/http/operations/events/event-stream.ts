import { Readable } from 'node:stream';
import type { Subscription, StreamBatch } from '../../../../application/follow/message-stream.ts';
import type { Timer } from '../../../../application/ports/time.ts';
import type { StreamPosition } from '../../../../domain/stream-position.ts';
import { followedToDto } from '../messages/dto.ts';
import { encodeEventId } from './event-id.ts';

/** Shorter than the idle timeouts of common proxies, of which 30 s is the shortest. */
export const KEEP_ALIVE_MS = 15_000;
/** After this time a disconnected client should reconnect. */
const RETRY_MS = 2_000;
/** The amount that is written at a time, and about the amount of text that waits for a slow reader, besides its batches. */
const CHUNK_CHARACTERS = 16_384;

/**
 * Writes batches as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). The `id` of every event is the
 * position to resume from. While the reader is slow, nothing is written or read from the store, so that no keep-alive hides a
 * reader that has stopped from the idle timeout.
 * @param onSent called with the number of messages that were sent
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
    // The position up to which the filter found nothing, so that a client that resumes does not search it again.
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

  // A client that does not read what is there, or what was sent before, would delay the end.
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
