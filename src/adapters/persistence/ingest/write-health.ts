import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailable, type MessageRepository, type StoreHealth } from '../../../application/ports/store.ts';

/** How long a health check waits for the store. Most callers time out later than this. */
const PATIENCE_MS = 2_000;
const UNREACHABLE: StoreHealth = { database: 'unreachable', schema: 'unknown' };

/**
 * Adds write health to the repository, because a full disk or a standby still serves reads. After a failed write, each
 * health check tries a write that changes nothing, so the health recovers without putting a message at risk. Concurrent
 * checks share one attempt. A store that does not answer counts as unreachable.
 */
export function withWriteHealth(
  repository: MessageRepository,
  options: {
    /** A durable write that changes nothing; rejects if the store cannot write. */
    readonly tryWrite: () => Promise<unknown>;
    readonly patienceMs?: number;
  },
): MessageRepository {
  const { tryWrite, patienceMs = PATIENCE_MS } = options;
  let failing = false;
  let checking: Promise<StoreHealth> | undefined;

  async function writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      failing = false;
      return result;
    } catch (error) {
      failing ||= error instanceof StoreUnavailable;
      throw error;
    }
  }

  async function check(): Promise<StoreHealth> {
    const health = await repository.health();
    if (!failing || health.database !== 'ok' || health.schema !== 'ok') return health;
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
