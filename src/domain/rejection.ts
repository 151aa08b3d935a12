import type { SignatureFailure } from './delivery.ts';
import type { Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** Why a delivery was refused: its signature, its size, its media type, or what it says. */
export type RejectionReason =
  Exclude<SignatureFailure, 'no_secret_configured'> | 'too_large' | 'media_type' | 'malformed_json' | 'schema';

/** What an operator may see of a refused delivery. No signature, no secret, and nothing of the body unless it was asked for. */
export interface Rejection {
  readonly receivedAt: Timestamp;
  readonly provider: Provider;
  readonly reason: RejectionReason;
  /** More of the reason: how many seconds a timestamp is off, which fields are wrong. Never a value of the body. */
  readonly detail: string | null;
  /** The sender's usual mistake that explains it, where one was found. */
  readonly diagnosis: string | null;
  readonly requestId: string;
  /** Bytes that were read: none of a body that is too large. */
  readonly bodyBytes: number;
  /** In hexadecimal; null when the body was not read. */
  readonly bodySha256: string | null;
  /** In lower case, sorted; no values. */
  readonly headerNames: readonly string[];
  /** The beginning of the body, only where an operator has turned it on. No U+0000. */
  readonly excerpt: string | null;
}

/** One that is kept. Later ones have larger ids. */
export interface StoredRejection extends Rejection {
  readonly id: number;
}

export interface RejectionFilter {
  readonly provider?: Provider;
  readonly reason?: RejectionReason;
}

/** The latest `maxRows`, none from before `notBefore`. */
export interface RejectionRetention {
  readonly maxRows: number;
  readonly notBefore: Timestamp;
}
