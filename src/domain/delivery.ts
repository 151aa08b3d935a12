import type { Provider } from './provider.ts';

/** What a provider sent, as it arrived: the signature covers these bytes and no parsed form of them. */
export interface Delivery {
  readonly body: Uint8Array;
  /** Names in lower case; a repeated header is one value, joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Path and query as they came, percent-encoded as they were: some schemes sign them. */
  readonly target: string;
}

/** Why a delivery is not believed. For operators; the sender is told nothing of it. */
export type SignatureFailure =
  'missing_header' | 'malformed_signature' | 'wrong_digest' | 'stale_timestamp' | 'no_secret_configured';

/** Which of the secrets made the signature; `previous` while a rotation is under way. */
export type SecretGeneration = 'current' | 'previous';

export interface SignatureRefusal {
  readonly valid: false;
  readonly reason: SignatureFailure;
  /** Of a stale timestamp: how far it lies from now in seconds; negative in the past. */
  readonly deltaSeconds?: number;
}

export interface SignatureApproval {
  readonly valid: true;
  readonly secret: SecretGeneration;
  /** The sender's id of the delivery, where the signature covers one: the same when it is sent again. */
  readonly deliveryId?: string;
}

export type SignatureVerdict = SignatureApproval | SignatureRefusal;

/**
 * The proof that a delivery's signature was checked and is right. There is no other way to have one than
 * {@link VerifiedDelivery.check}: the private fields make the class nominal, so that no object literal passes for it.
 */
export class VerifiedDelivery {
  readonly #provider: Provider;
  readonly #approval: SignatureApproval;

  private constructor(provider: Provider, approval: SignatureApproval) {
    this.#provider = provider;
    this.#approval = approval;
  }

  /** Whose secret it was. */
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
