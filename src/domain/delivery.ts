import type { Provider } from './provider.ts';

/** A request of a provider, unparsed: the signature covers exactly these bytes. */
export interface Delivery {
  readonly body: Uint8Array;
  /** Names in lower case; the values of a repeated header are joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Path and query, unchanged and still percent-encoded: some schemes sign them. */
  readonly target: string;
}

/** Why a signature was rejected. For operators; the sender sees only the status code. */
export type SignatureFailure =
  'missing_header' | 'malformed_signature' | 'wrong_digest' | 'stale_timestamp' | 'no_secret_configured';

/** Which secret made the signature; `previous` during a rotation. */
export type SecretGeneration = 'current' | 'previous';

export interface SignatureRefusal {
  readonly valid: false;
  readonly reason: SignatureFailure;
  /** For a stale timestamp: its distance from now in seconds; negative in the past. */
  readonly deltaSeconds?: number;
  /** For a digest that is right, although the signature does not cover the delivery as it came: what is wrong, in words. */
  readonly detail?: string;
}

export interface SignatureApproval {
  readonly valid: true;
  readonly secret: SecretGeneration;
  /** The sender's id of the delivery, if the signature covers one; a retry has the same id. */
  readonly deliveryId?: string;
}

export type SignatureVerdict = SignatureApproval | SignatureRefusal;

/**
 * The proof that the signature of a delivery was verified. Only {@link VerifiedDelivery.check} can create one: the private fields
 * make the class nominal, so an object literal does not match it.
 */
export class VerifiedDelivery {
  readonly #provider: Provider;
  readonly #approval: SignatureApproval;

  private constructor(provider: Provider, approval: SignatureApproval) {
    this.#provider = provider;
    this.#approval = approval;
  }

  /** The provider whose secret made the signature. */
  get provider(): Provider {
    return this.#provider;
  }

  get secret(): SecretGeneration {
    return this.#approval.secret;
  }

  get deliveryId(): string | undefined {
    return this.#approval.deliveryId;
  }

  static check(
    provider: Provider,
    delivery: Delivery,
    verify: (delivery: Delivery) => SignatureVerdict,
  ): VerifiedDelivery | SignatureRefusal {
    const verdict = verify(delivery);
    return verdict.valid ? new VerifiedDelivery(provider, verdict) : verdict;
  }
}
