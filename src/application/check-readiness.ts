import type { MessageRepository, SignatureVerifier, StoreHealth } from './ports.ts';

export interface Readiness extends StoreHealth {
  readonly status: 'ready' | 'not_ready' | 'stopping';
  readonly webhookSecret: 'ok' | 'missing';
}

/** Whether this process should be sent traffic: the store is reachable, its schema fits, and there is a secret. */
export class CheckReadiness {
  readonly #repository: MessageRepository;
  readonly #verifier: SignatureVerifier;
  #stopping = false;

  constructor(ports: { repository: MessageRepository; verifier: SignatureVerifier }) {
    this.#repository = ports.repository;
    this.#verifier = ports.verifier;
  }

  /** From now on the answer is `stopping`, so that a load balancer sends no more. */
  stop(): void {
    this.#stopping = true;
  }

  async execute(): Promise<Readiness> {
    const health = await this.#repository.health();
    const webhookSecret = this.#verifier.configured ? 'ok' : 'missing';
    const ready = health.database === 'ok' && health.schema === 'ok' && webhookSecret === 'ok';
    return { ...health, webhookSecret, status: this.#stopping ? 'stopping' : ready ? 'ready' : 'not_ready' };
  }
}
