import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailable, type MessageRepository, type StoreHealth } from '../../../application/ports/store.ts';

/** How long a health check waits for the store; most who ask do not wait for longer. */
const PATIENCE_MS = 2_000;
const UNREACHABLE: StoreHealth = { database: 'unreachable', schema: 'unknown' };

/**
 * The repository, with a health that knows of writes, for a full disk or a standby can be read all the same. Once a write was
 * refused, each check tries one that changes nothing, so that the health gets better by itself, with no message at
 * risk. Checks at the same time share one, and a store that says nothing counts as unreachable.
 */
export function watchingWrites(
  repository: MessageRepository,
  options: {
    /** A durable write that changes nothing; rejects when the store refuses it. */
    readonly tryWrite: () => Promise<unknown>;
    readonly patienceMs?: number;
  },
): MessageRepository {
  const { tryWrite, patienceMs = PATIENCE_MS } = options;
  let refused = false;
  let checking: Promise<StoreHealth> | undefined;

  async function writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      refused = false;
      return result;
    } catch (error) {
      refused ||= error instanceof StoreUnavailable;
      throw error;
    }
  }

  async function check(): Promise<StoreHealth> {
    const health = await repository.health();
    if (!refused || health.database !== 'ok' || health.schema !== 'ok') return health;
    return writing(tryWrite).then(
      () => health,
      (): StoreHealth => ({ ...health, database: 'unwritable' }),
    );
  }

  return {
    ...repository,
    add: (updates) => writing(() => repository.add(updates)),
    health() {
      checking ??= check().finally(() => (checking = undefined));
      return Promise.race([checking, delay(patienceMs, UNREACHABLE, { ref: false })]);
    },
  };
}
