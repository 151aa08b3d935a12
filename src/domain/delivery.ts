/** What a provider sent, as it arrived: the signature covers these bytes and no parsed form of them. */
export interface Delivery {
  readonly body: Uint8Array;
  /** Names in lower case; a repeated header is one value, joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Why a delivery is not believed. For logs and metrics; the sender is told nothing of it. */
export type SignatureFailure = 'missing_header' | 'malformed_signature' | 'wrong_digest' | 'no_secret_configured';

/** Which of the secrets made the signature; `previous` while a rotation is under way. */
export type SecretGeneration = 'current' | 'previous';

export type SignatureVerdict =
  | { readonly valid: true; readonly secret: SecretGeneration }
  | { readonly valid: false; readonly reason: SignatureFailure };

/**
 * The proof that a delivery's signature was checked and is right. There is no other way to have one than
 * {@link VerifiedDelivery.check}: the private field makes the class nominal, so that no object literal passes for it.
 */
export class VerifiedDelivery {
  readonly #secret: SecretGeneration;

  private constructor(secret: SecretGeneration) {
    this.#secret = secret;
  }

  get secret(): SecretGeneration {
    return this.#secret;
  }

  static check(
    delivery: Delivery,
    verify: (delivery: Delivery) => SignatureVerdict,
  ): VerifiedDelivery | SignatureFailure {
    const verdict = verify(delivery);
    return verdict.valid ? new VerifiedDelivery(verdict.secret) : verdict.reason;
  }
}
