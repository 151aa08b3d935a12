import type { Provider } from '../../domain/provider.ts';
import type { MessageRepository, StoreHealth } from '../ports/store.ts';
import type { SignatureVerifier } from '../ports/verification.ts';

export interface Readiness extends StoreHealth {
  readonly status: 'ready' | 'not_ready' | 'stopping';
  /** `missing`: no provider has a secret, so that nothing can be taken in. */
  readonly webhookSecret: 'ok' | 'missing';
  /** Those that have a secret, in the order of their names. */
  readonly providers: readonly Provider[];
}

/** Those that have a secret, in the order of their names. */
export function configuredProviders(verifiers: ReadonlyMap<Provider, SignatureVerifier>): Provider[] {
  const on = [...verifiers].filter(([, { configured }]) => configured);
  return on.map(([provider]) => provider).sort();
}

/** Whether this process should be sent traffic: the store is reachable, its schema fits, and there is a secret. */
export class CheckReadiness {
  readonly #repository: MessageRepository;
  readonly #providers: readonly Provider[];
  #stopping = false;

  constructor(ports: { repository: MessageRepository; verifiers: ReadonlyMap<Provider, SignatureVerifier> }) {
    this.#repository = ports.repository;
    this.#providers = configuredProviders(ports.verifiers);
  }

  /** From now on the answer is `stopping`, so that a load balancer sends no more. */
  stop(): void {
    this.#stopping = true;
  }

  async execute(): Promise<Readiness> {
    const health = await this.#repository.health();
    const webhookSecret = this.#providers.length > 0 ? 'ok' : 'missing';
    const ready = health.database === 'ok' && health.schema === 'ok' && webhookSecret === 'ok';
    const status = this.#stopping ? 'stopping' : ready ? 'ready' : 'not_ready';
    return { ...health, webhookSecret, providers: this.#providers, status };
  }
}
