import type { Delivery } from '../../../domain/delivery.ts';

/** The sender's data about the message, which the signature covers. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  /** Separated by spaces. */
  readonly signatures: string;
}

/** The names of the specification, and the earlier ones of Svix. */
const FAMILIES = ['webhook', 'svix'];

/**
 * Returns the first complete family of headers, or null. It never mixes families: otherwise an attacker could give an old
 * message a new id by adding a header that the signature does not cover.
 */
export function standardHeaders(headers: Delivery['headers']): StandardHeaders | null {
  for (const family of FAMILIES) {
    const id = headers[`${family}-id`]?.trim();
    const timestamp = headers[`${family}-timestamp`]?.trim();
    const signatures = headers[`${family}-signature`]?.trim();
    if (id && timestamp && signatures) return { id, timestamp, signatures };
  }
  return null;
}
