import type { Provider } from '../../domain/provider.ts';
import type { StoreHealth, StoreHealthCheck } from '../ports/store.ts';
import type { SignatureVerifier } from '../ports/verification.ts';
import type { BackgroundState } from './background-health.ts';

export interface Readiness extends StoreHealth {
  readonly status: 'ready' | 'not_ready' | 'stopping';
  /** `missing`: no provider has a secret, so the service cannot accept any webhook. */
  readonly webhookSecret: 'ok' | 'missing';
  /** Providers with a secret, sorted by name. */
  readonly providers: readonly Provider[];
  /** A step that fails does not affect the status: the process still stores and serves every message. */
  readonly background: BackgroundState;
}

/** Providers with a secret, sorted by name. */
export function configuredProviders(verifiers: ReadonlyMap<Provider, SignatureVerifier>): Provider[] {
  const configured = [...verifiers].filter(([, { configured }]) => configured);
  return configured.map(([provider]) => provider).sort();
}

/** Decides whether this process should receive traffic: the store is reachable, its schema fits, and a secret is configured. */
export class CheckReadiness {
  readonly #store: StoreHealthCheck;
  readonly #providers: readonly Provider[];
  readonly #background: { state(): BackgroundState };
  #stopping = false;

  constructor(ports: {
    store: StoreHealthCheck;
    verifiers: ReadonlyMap<Provider, SignatureVerifier>;
    background: { state(): BackgroundState };
  }) {
    this.#store = ports.store;
    this.#background = ports.background;
    this.#providers = configuredProviders(ports.verifiers);
  }

  /** Makes the answer `stopping` from now on, so that a load balancer stops sending requests. */
  stop(): void {
    this.#stopping = true;
  }

  async execute(): Promise<Readiness> {
    const health = await this.#store.health();
    const webhookSecret = this.#providers.length > 0 ? 'ok' : 'missing';
    const ready = health.database === 'ok' && health.schema === 'ok' && webhookSecret === 'ok';
    const status = this.#stopping ? 'stopping' : ready ? 'ready' : 'not_ready';
    return { ...health, webhookSecret, providers: this.#providers, background: this.#background.state(), status };
  }
}
