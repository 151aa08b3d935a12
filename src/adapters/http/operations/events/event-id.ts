import { MAX_EXCEPT, type StreamPosition } from '../../../../domain/stream-position.ts';
import { fromMessageKey, messageKey } from '../../../../domain/message.ts';

/** The greatest number that both databases can compare. */
const MAX_AT = 2n ** 63n - 1n;

/** A position that no store has issued: a client that resumes from it learns that it is unknown. */
const UNKNOWN: StreamPosition = { epoch: '', at: 0n, key: '' };

/** Encodes a stream position as the `id` of an event: opaque, on one line. */
export function encodeEventId({ epoch, at, key, old }: StreamPosition): string {
  const numbers = old === undefined ? [] : [old.end, ...old.except];
  return Buffer.from(JSON.stringify([epoch, String(at), key, ...numbers.map(String)])).toString('base64url');
}

/** Decodes the stream position of an `id`. Any other text becomes a position that no store knows. */
export function decodeEventId(id: string): StreamPosition {
  const [epoch, at, key, ...numbers] = parseArray(Buffer.from(id, 'base64url').toString());
  if (typeof epoch !== 'string' || !isNumber(at) || typeof key !== 'string' || !isKey(key)) return UNKNOWN;
  if (numbers.length > 1 + MAX_EXCEPT || !numbers.every(isNumber)) return UNKNOWN;
  const [end, ...except] = numbers.map(BigInt);
  return { epoch, at: BigInt(at), key, ...(end !== undefined && { old: { end, except } }) };
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= MAX_AT;
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
