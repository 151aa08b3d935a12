import { createHash } from 'node:crypto';
import type { MessageFilter } from '../../application/ports.ts';
import { isMessageId, type Position } from '../../domain/message.ts';
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.ts';

/** An opaque word for a position among the matches of a filter; characters that need no escaping in a URL. */
export function encodeCursor({ sentAt, messageId }: Position, filter: MessageFilter): string {
  return Buffer.from(JSON.stringify([formatTimestamp(sentAt), messageId, fingerprint(filter)])).toString('base64url');
}

/**
 * The position a cursor stands for; null when it was not made by {@link encodeCursor} for the same filter. A forged one
 * is harmless: it can only name a position.
 */
export function decodeCursor(cursor: string, filter: MessageFilter): Position | null {
  const parts = parseArray(Buffer.from(cursor, 'base64url').toString());
  const [ts, messageId, print] = parts ?? [];
  if (typeof ts !== 'string' || typeof messageId !== 'string' || print !== fingerprint(filter)) return null;
  const sentAt = parseTimestamp(ts);
  return sentAt !== null && isMessageId(messageId) ? { sentAt, messageId } : null;
}

function fingerprint({ from, since, until, contains }: MessageFilter): string {
  const parts = [from, since?.toString(), until?.toString(), contains].map((part) => part ?? null);
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
