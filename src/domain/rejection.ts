import type { SignatureFailure } from './delivery.ts';
import type { Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** Why a delivery was rejected: its signature, size, media type or content. */
export type RejectionReason =
  Exclude<SignatureFailure, 'no_secret_configured'> | 'too_large' | 'media_type' | 'malformed_json' | 'schema';

/** The part of a rejected delivery that an operator may see: no signature, no secret, and the body only if configured. */
export interface Rejection {
  readonly receivedAt: Timestamp;
  readonly provider: Provider;
  readonly reason: RejectionReason;
  /** Details of the reason, such as the deviation of a timestamp in seconds or the invalid fields. Never a value of the body. */
  readonly detail: string | null;
  /** The common mistake of senders that explains the rejection, if one was found. */
  readonly diagnosis: string | null;
  readonly requestId: string;
  /** Bytes that were read; 0 for a body that is too large. */
  readonly bodyBytes: number;
  /** In hexadecimal; null if the body was not read. */
  readonly bodySha256: string | null;
  /** In lower case, sorted, without values. */
  readonly headerNames: readonly string[];
  /** The beginning of the body, without U+0000, only if an operator has enabled it. */
  readonly excerpt: string | null;
}

/** A rejection in the store. Later rejections have larger ids. */
export interface StoredRejection extends Rejection {
  readonly id: number;
}

export interface RejectionFilter {
  readonly provider?: Provider;
  readonly reason?: RejectionReason;
}

/** Keeps the latest `maxRows` rejections, and none from before `notBefore`. */
export interface RejectionRetention {
  readonly maxRows: number;
  readonly notBefore: Timestamp;
}
