import { VerifiedDelivery, type Delivery, type SignatureRefusal } from '../../domain/delivery.ts';
import type { Provider } from '../../domain/provider.ts';
import { isMessage, type NewUpdate } from '../../domain/update.ts';
import type { UpdateOutcome } from '../../domain/ingest-outcome.ts';
import type { Clock } from '../ports/time.ts';
import type { MessageWriter } from '../ports/store.ts';
import type { IngestMetrics, Tracer } from '../ports/telemetry.ts';
import type { SignatureVerifier } from '../ports/verification.ts';

const MICROS_PER_SECOND = 1e6;

/** Ingests a provider's delivery: first proves that it is genuine, then stores its updates, each message once. */
export class IngestMessage {
  readonly #verifiers: ReadonlyMap<Provider, SignatureVerifier>;
  readonly #writer: MessageWriter;
  readonly #metrics: IngestMetrics;
  readonly #clock: Clock;
  readonly #tracer: Tracer;

  constructor(ports: {
    verifiers: ReadonlyMap<Provider, SignatureVerifier>;
    writer: MessageWriter;
    metrics: IngestMetrics;
    clock: Clock;
    tracer: Tracer;
  }) {
    this.#verifiers = ports.verifiers;
    this.#writer = ports.writer;
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#tracer = ports.tracer;
  }

  /** The proof that `execute` requires, or the reason why there is none. A provider without a verifier has no secret. */
  authenticate(provider: Provider, delivery: Delivery): VerifiedDelivery | SignatureRefusal {
    const verifier = this.#verifiers.get(provider);
    const result = VerifiedDelivery.check(
      provider,
      delivery,
      (genuine) => verifier?.verify(genuine) ?? { valid: false, reason: 'no_secret_configured' },
    );
    if (result instanceof VerifiedDelivery) this.#metrics.verified(provider, result.secret);
    return result;
  }

  /**
   * Stores the updates of one delivery, all or none. Durable when it resolves. Returns one outcome per update, in order. Rejects
   * with StoreUnavailable if the sender should retry later.
   * @param traceId of the delivery's W3C trace, stored with its messages
   */
  async execute(
    proof: VerifiedDelivery,
    updates: readonly NewUpdate[],
    traceId?: string,
  ): Promise<readonly UpdateOutcome[]> {
    const receipt = { receivedAt: this.#clock.now(), ...(traceId !== undefined && { traceId }) };
    const received = updates.map((update) => (isMessage(update) ? { ...update, ...receipt } : update));
    const outcomes = await this.#tracer.inSpan('IngestMessage', () => this.#writer.add(received));
    const now = this.#clock.now();
    const counts = new Map<UpdateOutcome, number>();
    outcomes.forEach((outcome, i) => {
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      const update = updates[i];
      if (outcome !== 'created' || update === undefined || !isMessage(update)) return;
      // A sender's clock may be ahead of ours: a message from the future has no lag.
      this.#metrics.ingestLag(Math.max(0, Number(now - update.sentAt) / MICROS_PER_SECOND));
    });
    for (const [outcome, count] of counts) this.#metrics.updates(proof.provider, outcome, count);
    return outcomes;
  }
}
