import type { SignatureVerifier } from '../../application/ports/verification.ts';
import type { Delivery } from '../../domain/delivery.ts';
import type { Diagnosis } from './diagnosis/diagnosis.ts';

/** A verifier that can also find the mistake in a rejected delivery. */
export interface SignatureScheme extends SignatureVerifier {
  /**
   * Returns null if no common mistake explains the rejection. Do not call it on the hot path: it signs the body some thirty
   * times. It does not examine bodies over 16 KiB. Never throws.
   */
  diagnose(delivery: Delivery): Diagnosis | null;
}
