import type { Provider } from '../../domain/provider.ts';
import type { StoreHealth, StoreHealthCheck } from '../ports/store.ts';
import type { SignatureVerifier } from '../ports/verification.ts';
import type { BackgroundStep } from '../ports/telemetry.ts';

export interface Readiness extends StoreHealth {
  readonly status: 'ready' | 'not_ready' | 'stopping';
  /** `missing`: no provider has a secret, so the service cannot accept any webhook. */
  readonly webhookSecret: 'ok' | 'missing';
  /** Providers with a secret, sorted by name. */
  readonly providers: readonly Provider[];
  /** Background steps that fail. They do not affect the status: the process still stores and serves every message. */
  readonly failingSteps: readonly BackgroundStep[];
}

export interface FailingSteps {
  failing(): readonly BackgroundStep[];
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
  readonly #background: FailingSteps;
  #stopping = false;

  constructor(ports: {
    store: StoreHealthCheck;
    verifiers: ReadonlyMap<Provider, SignatureVerifier>;
    background: FailingSteps;
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
    return { ...health, webhookSecret, providers: this.#providers, failingSteps: this.#background.failing(), status };
  }
}
