import { VerifiedDelivery, type Delivery, type SignatureFailure } from '../domain/delivery.ts';
import type { Message } from '../domain/message.ts';
import type { Clock, IngestOutcome, MessageRepository, Metrics, SignatureVerifier } from './ports.ts';

const MICROS_PER_SECOND = 1e6;

/** Takes a provider's delivery: first the proof that it is genuine, then the messages in it, each stored once. */
export class IngestMessage {
  readonly #verifier: SignatureVerifier;
  readonly #repository: MessageRepository;
  readonly #metrics: Metrics;
  readonly #clock: Clock;

  constructor(ports: { verifier: SignatureVerifier; repository: MessageRepository; metrics: Metrics; clock: Clock }) {
    this.#verifier = ports.verifier;
    this.#repository = ports.repository;
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
  }

  /** The proof that execute demands, or why there is none. */
  authenticate(delivery: Delivery): VerifiedDelivery | SignatureFailure {
    return VerifiedDelivery.check(delivery, (genuine) => this.#verifier.verify(genuine));
  }

  /**
   * Stores the messages of one delivery, all or none. Durable when it resolves. Rejects with StoreUnavailable when the
   * sender should try again later.
   */
  async execute(_proof: VerifiedDelivery, messages: readonly Message[]): Promise<readonly IngestOutcome[]> {
    const outcomes = await this.#repository.add(messages);
    const now = this.#clock.now();
    messages.forEach(({ sentAt }, i) => {
      // A sender's clock may be ahead of ours: a message from the future has no lag.
      if (outcomes[i] === 'created') this.#metrics.ingestLag(Math.max(0, Number(now - sentAt) / MICROS_PER_SECOND));
    });
    return outcomes;
  }
}
