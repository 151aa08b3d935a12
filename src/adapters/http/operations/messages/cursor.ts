import { createHash } from 'node:crypto';
import type { MessageFilter } from '../../../../application/ports/store.ts';
import { isMessageId, type Order, type Position } from '../../../../domain/message.ts';
import { isProvider, WEBHOOK } from '../../../../domain/provider.ts';
import { formatTimestamp, parseTimestamp } from '../../../../domain/timestamp.ts';

/** Encodes a position among the matches of a filter in an order: opaque, in characters that need no escaping in a URL. */
export function encodeCursor(
  { sentAt, messageId, provider }: Position,
  filter: MessageFilter,
  order: Order = 'asc',
): string {
  const print = fingerprint(filter, order);
  const parts = [formatTimestamp(sentAt), messageId, print, ...(provider === WEBHOOK ? [] : [provider])];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * Decodes the position of a cursor. Returns null if {@link encodeCursor} did not make it for the same filter and order. A forged cursor
 * is harmless: it can only name a position.
 */
export function decodeCursor(cursor: string, filter: MessageFilter, order: Order = 'asc'): Position | null {
  const parts = parseArray(Buffer.from(cursor, 'base64url').toString());
  const [ts, messageId, print, provider = WEBHOOK] = parts ?? [];
  if (typeof ts !== 'string' || typeof messageId !== 'string' || print !== fingerprint(filter, order)) return null;
  const sentAt = parseTimestamp(ts);
  if (sentAt === null || !isMessageId(messageId) || typeof provider !== 'string' || !isProvider(provider)) return null;
  return { sentAt, messageId, provider };
}

/** The ascending order has no mark, because cursors from versions without the descending order must stay valid. */
function fingerprint({ from, since, until, contains }: MessageFilter, order: Order): string {
  const parts = [from, since?.toString(), until?.toString(), contains].map((part) => part ?? null);
  if (order === 'desc') parts.push(order);
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);
}

function parseArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
