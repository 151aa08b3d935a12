import fc from 'fast-check';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { timestampFromMicros, type Timestamp } from '../../../src/domain/timestamp.ts';
import { characters, textCharacters } from '../../support/arbitraries.ts';

/** Shared by the signature tests: deliveries, instants, and values that are nearly right. */

export const byCurrent = { valid: true, secret: 'current' };
export const byPrevious = { valid: true, secret: 'previous' };
export const refused = (reason: string) => ({ valid: false, reason });

export const bodies = fc.uint8Array({ maxLength: 300 });
export const secrets = fc.string({ unit: textCharacters, minLength: 1, maxLength: 100 });
export const headerValues = fc.option(fc.string({ unit: characters, maxLength: 200 }), { nil: undefined });

export function delivery(
  body: string | Uint8Array,
  headers: Delivery['headers'],
  target = '/webhooks/any?a=1',
): Delivery {
  return { body: typeof body === 'string' ? Buffer.from(body) : body, headers, target };
}

export const second = (seconds: number): Timestamp => timestampFromMicros(BigInt(Math.round(seconds * 1e6)));

export function withFlippedBit(bytes: Uint8Array, at: number): Buffer {
  const bit = at % (bytes.length * 8);
  return Buffer.from(bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));
}
