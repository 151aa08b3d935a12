import { MAX_START_NUMBERS, type StreamPosition } from '../../../../domain/stream-position.ts';
import { fromMessageKey, messageKey } from '../../../../domain/message.ts';

/** The greatest number that both databases can compare. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** A position that no store has issued: a client that resumes from it gets a reset. */
const UNKNOWN: StreamPosition = { epoch: '', at: 0n, key: '' };

/** Encodes a stream position as the `id` of an event: opaque, on one line. */
export function encodeEventId({ epoch, at, key, start = [] }: StreamPosition): string {
  return Buffer.from(JSON.stringify([epoch, String(at), key, ...start.map(String)])).toString('base64url');
}

/** Decodes the `id` of an event. Any other text becomes a position that no store knows. */
export function decodeEventId(id: string): StreamPosition {
  const [epoch, at, key, ...start] = parseArray(Buffer.from(id, 'base64url').toString());
  if (typeof epoch !== 'string' || !isNumber(at) || typeof key !== 'string' || !isKey(key)) return UNKNOWN;
  if (start.length > MAX_START_NUMBERS || !start.every(isNumber)) return UNKNOWN;
  return { epoch, at: BigInt(at), key, ...(start.length > 0 && { start: start.map(BigInt) }) };
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= MAX_NUMBER;
}

function isKey(key: string): boolean {
  try {
    return key === '' || key === messageKey(fromMessageKey(key));
  } catch {
    return false;
  }
}

function parseArray(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
