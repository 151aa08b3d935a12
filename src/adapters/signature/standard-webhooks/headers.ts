import type { Delivery } from '../../../domain/delivery.ts';

/** What the sender says of its message and signs with it. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  /** Separated by spaces. */
  readonly signatures: string;
}

/** The names of the specification, and those it had when it was Svix's. */
const FAMILIES = ['webhook', 'svix'];

/**
 * The first family of headers that is whole, or null. Never a mixture: the id has to be the one that the signature
 * covers, or somebody could add a header and give an old message a new id.
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
