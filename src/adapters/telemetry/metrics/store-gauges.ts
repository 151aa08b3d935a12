import { setTimeout as delay } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import type { Readiness } from '../../../application/readiness/check-readiness.ts';
import type { StoreUsage } from '../../../application/ports/store.ts';

/** How long a scrape waits for the store; Prometheus waits ten seconds for the whole scrape. */
const PATIENCE_MS = 2_000;

const USAGE: readonly [name: string, help: string, value: (usage: StoreUsage) => number | null][] = [
  ['stored_messages', 'Messages stored.', ({ messages }) => messages],
  [
    'uncounted_messages',
    'Stored messages that the counters do not include yet.',
    ({ uncountedMessages }) => uncountedMessages,
  ],
  [
    'unindexed_messages',
    'Upper bound of stored messages that the search index does not include yet. SQLite only.',
    ({ unindexedMessages }) => unindexedMessages,
  ],
  ['database_size_bytes', 'Size of the database, its log included with SQLite.', ({ databaseBytes }) => databaseBytes],
  [
    'database_reusable_bytes',
    'Bytes inside the database that new messages reuse before it grows. SQLite only.',
    ({ reusableBytes }) => reusableBytes,
  ],
  ['database_disk_size_bytes', 'Size of the disk of the database. SQLite only.', ({ disk }) => disk?.sizeBytes ?? null],
  [
    'database_disk_available_bytes',
    'Available bytes on the disk of the database. SQLite only.',
    ({ disk }) => disk?.availableBytes ?? null,
  ],
];

export interface StoreQuestions {
  /** Must be cheap. */
  readonly usage: () => Promise<StoreUsage>;
  readonly readiness: () => Promise<Readiness>;
}

/**
 * Registers the gauges that query the store at each scrape. While the store does not answer, their series keep the last
 * values, because the scrape must still return the other metrics. Series without any value yet are omitted.
 */
export function registerStoreGauges(registry: Registry, questions: StoreQuestions, patienceMs = PATIENCE_MS): void {
  const usage = patiently(questions.usage, patienceMs);
  for (const [name, help, value] of USAGE) {
    const gauge = new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const answer = await usage();
        const known = answer === null ? null : value(answer);
        if (known !== null) this.set(known);
      },
    });
    gauge.remove(); // prom-client begins with 0, which would be a claim
  }

  const readiness = patiently(questions.readiness, patienceMs);
  new Gauge({
    name: 'readiness_check_passed',
    help: '1 if this readiness check passes, else 0.',
    labelNames: ['check'],
    registers: [registry],
    async collect() {
      const answer = await readiness();
      if (answer === null) return;
      this.set({ check: 'database' }, Number(answer.database === 'ok'));
      this.set({ check: 'schema' }, Number(answer.schema === 'ok'));
      this.set({ check: 'webhook_secret' }, Number(answer.webhookSecret === 'ok'));
    },
  });
}

/** Runs one query at a time, even for concurrent scrapes; null if it fails or has no answer yet. */
function patiently<T>(question: () => Promise<T>, patienceMs: number): () => Promise<T | null> {
  let asking: Promise<T | null> | undefined;
  return () => {
    asking ??= question()
      .catch(() => null)
      .finally(() => (asking = undefined));
    return Promise.race([asking, delay(patienceMs, null, { ref: false })]);
  };
}
