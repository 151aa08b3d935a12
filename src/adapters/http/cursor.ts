import { createHash } from 'node:crypto';
import type { MessageFilter } from '../../application/ports.ts';
import { isMessageId, type Position } from '../../domain/message.ts';
import { isProvider, WEBHOOK } from '../../domain/provider.ts';
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.ts';

/** An opaque word for a position among the matches of a filter; characters that need no escaping in a URL. */
export function encodeCursor({ sentAt, messageId, provider }: Position, filter: MessageFilter): string {
  const parts = [formatTimestamp(sentAt), messageId, fingerprint(filter), ...(provider === WEBHOOK ? [] : [provider])];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * The position a cursor stands for; null when it was not made by {@link encodeCursor} for the same filter. A forged one
 * is harmless: it can only name a position.
 */
export function decodeCursor(cursor: string, filter: MessageFilter): Position | null {
  const parts = parseArray(Buffer.from(cursor, 'base64url').toString());
  const [ts, messageId, print, provider = WEBHOOK] = parts ?? [];
  if (typeof ts !== 'string' || typeof messageId !== 'string' || print !== fingerprint(filter)) return null;
  const sentAt = parseTimestamp(ts);
  if (sentAt === null || !isMessageId(messageId) || typeof provider !== 'string' || !isProvider(provider)) return null;
  return { sentAt, messageId, provider };
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
