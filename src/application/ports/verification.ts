import type { Delivery, SignatureVerdict } from '../../domain/delivery.ts';

/** Verifies the signatures of one provider. */
export interface SignatureVerifier {
  /** Whether a secret is configured. Without one, `verify` rejects every delivery. */
  readonly configured: boolean;
  /** Takes the same time wherever a wrong signature differs from the right one. Never throws. */
  verify(delivery: Delivery): SignatureVerdict;
}
