import type { Delivery, SignatureVerdict } from '../../domain/delivery.ts';
import { DIAGNOSES } from '../signature/diagnosis/diagnosis.ts';
import type { SignatureScheme } from '../signature/scheme.ts';

/** The usual mistake that explains a rejected delivery, and how to fix it. */
export interface Mistake {
  readonly name: string;
  readonly advice: string;
}

/** Verifies a delivery, and looks for the mistake if it is rejected. Too slow for requests. */
export function examine(
  scheme: SignatureScheme,
  delivery: Delivery,
): { readonly verdict: SignatureVerdict; readonly mistake: Mistake | null } {
  const verdict = scheme.verify(delivery);
  const name = verdict.valid ? null : scheme.diagnose(delivery);
  return { verdict, mistake: name === null ? null : { name, advice: DIAGNOSES[name] } };
}
