import type { AddressInfo } from 'node:net';
import { connectionLimits, type ConnectionLimits } from '../adapters/http/node/connection-limits.ts';
import { createHttpServer } from '../adapters/http/node/server.ts';
import { prometheusMetrics } from '../adapters/telemetry/metrics/prometheus.ts';
import { groupCommit, type GroupedRepository } from '../adapters/persistence/ingest/group-commit.ts';
import { signatureSchemes } from '../adapters/providers/signature-schemes.ts';
import { DIAGNOSES } from '../adapters/signature/diagnosis/diagnosis.ts';
import { BackgroundHealth } from '../application/readiness/background-health.ts';
import { CheckReadiness, configuredProviders } from '../application/readiness/check-readiness.ts';
import { ComputeStats } from '../application/query/compute-stats.ts';
import { ComputeTimeseries } from '../application/query/compute-timeseries.ts';
import { MessageStream } from '../application/follow/message-stream.ts';
import { IngestMessage } from '../application/ingest/ingest-message.ts';
import { ListMessages } from '../application/query/list-messages.ts';
import type { BackgroundObserver, BackgroundStep, Logger } from '../application/ports/telemetry.ts';
import type { ExpiryStore, RejectionLog, StoreUsage } from '../application/ports/store.ts';
import { Rejections } from '../application/rejections/rejections.ts';
import { Retention } from '../application/erasure/retention.ts';
import { systemClock } from '../adapters/time/clock.ts';
import type { Config } from './config/config.ts';
import { closeServer, listen } from './listener.ts';
import { systemTimer } from '../adapters/time/timer.ts';
import { openTracing } from './tracing.ts';

/** How long, at most, the process waits at its end for the collector to accept the last traces. */
const LAST_TRACES_MS = 3_000;

/** Reads with large answers that are made at a time, and at least one for each connection of a pool. */
const LARGE_READS = 16;

export interface Service {
  /**
   * Starts to listen and returns the address, with the assigned port if the configuration says 0.
   * @param inherited the file descriptor of a listening socket, which replaces the configured address
   */
  start(inherited?: number): Promise<AddressInfo>;
  /**
   * Reports itself as not ready, finishes the requests in flight, stores what was accepted, and closes the database. Returns
   * false if the shutdown timeout cut off requests.
   * @param onStep receives the name of each step when it begins
   */
  stop(onStep?: (step: string) => void): Promise<boolean>;
}

/** What replaces the defaults of a service. */
export interface ServiceOptions {
  /** Limits of connections, so that tests do not wait for long timeouts. */
  readonly limits?: Partial<ConnectionLimits>;
  /** @default migrates in this thread, and blocks it */
  readonly migrate?: (config: Config, logger: Logger) => Promise<void>;
}

/**
 * Composes the service: decides which adapter implements which port. compose-commands.ts does the same for the commands.
 */
export async function composeService(
  config: Config,
  logger: Logger,
  { limits = {}, migrate = migrateHere }: ServiceOptions = {},
): Promise<Service> {
  if (config.migrateOnStart) await migrate(config, logger);

  const tracing = await openTracing(config, logger);
  const { tracer } = tracing;
  const verifiers = signatureSchemes(config.providers, { clock: systemClock, publicUrl: config.publicUrl });
  const metrics = prometheusMetrics({
    providers: configuredProviders(verifiers),
    maxQueuedMessages: config.maxQueuedMessages,
    maxBufferedBytes: config.maxBufferedBytes,
    maxUnreadBytes: config.maxUnreadBytes,
    maxStreams: config.maxStreams,
    usage: () => stored.usage(),
    readiness: () => checkReadiness.execute(),
  });
  const background = new BackgroundHealth({ logger, metrics }, backgroundSteps(config));
  const stored = await openStore(config, { background, logger });
  const messageStream = new MessageStream(
    { feed: stored, metrics, timer: systemTimer },
    { maxSubscribers: config.maxStreams },
  );
  const repository = groupCommit(stored, {
    maxGroup: config.maxBatchMessages,
    maxQueued: config.maxQueuedMessages,
    maxCommits: config.database.engine === 'postgres' ? config.databaseCommits : 1,
    metrics,
    tracer,
    onStored: () => {
      messageStream.stored();
    },
  });
  const rejections = new Rejections(
    { log: stored.rejections, metrics, clock: systemClock, timer: systemTimer, logger, background, tracer },
    { maxRows: config.rejectionsMaxRows, maxAgeDays: config.rejectionsMaxAgeDays },
  );
  const retention = new Retention(
    { store: stored.eraser, metrics, clock: systemClock, timer: systemTimer, logger, background },
    config.retentionDays,
  );
  const checkReadiness = new CheckReadiness({ store: repository, verifiers, background });
  const server = await createHttpServer(
    {
      ingestMessage: new IngestMessage({ verifiers, writer: repository, metrics, clock: systemClock, tracer }),
      listMessages: new ListMessages(repository, tracer),
      computeStats: new ComputeStats(repository, tracer),
      computeTimeseries: new ComputeTimeseries({ reader: repository, clock: systemClock, tracer }),
      checkReadiness,
      messageStream,
      rejections,
      metrics,
      exposition: metrics.exposition,
      logger,
      tracer,
      clock: systemClock,
      timer: systemTimer,
    },
    {
      maxBodyBytes: config.maxBodyBytes,
      maxBufferedBytes: config.maxBufferedBytes,
      maxUnreadBytes: config.maxUnreadBytes,
      largeReads: {
        maxInside: Math.max(LARGE_READS, config.database.engine === 'postgres' ? config.databasePoolSize : 0),
        maxWaiting: config.maxQueuedReads,
        patience: config.readTimeoutMs,
      },
      connections: { ...connectionLimits(config.readTimeoutMs), ...limits },
      readApiKeys: config.readApiKeys,
      trustedProxies: config.trustProxy,
      rateLimits: {
        badSignaturesPerMinute: config.rateLimitBadSignaturesPerMinute,
        readsPerMinute: config.rateLimitReadsPerMinute,
        webhooksPerMinute: config.rateLimitWebhooksPerMinute,
      },
      origins: config.origins,
      whatsAppVerifyToken: config.providers.whatsapp.options.verifyToken,
      rejections: {
        excerptBytes: config.rejectionExcerptBytes,
        diagnose: (provider, delivery) => verifiers.get(provider)?.diagnose(delivery) ?? null,
        advice: DIAGNOSES,
      },
    },
  );

  return {
    async start(inherited) {
      const address = await listen(server, config, inherited);
      retention.start();
      return address;
    },
    async stop(onStep = () => undefined) {
      const deadline = performance.now() + config.shutdownDelayMs + config.shutdownTimeoutMs;
      checkReadiness.stop();
      // Streams close only after the shutdown delay. Before it ends, load balancers still send reconnecting clients to this process,
      // where they would get a 503, after which a browser's EventSource gives up.
      const finished = await closeServer(server, config, () => {
        messageStream.stop();
      });
      const late = AbortSignal.timeout(Math.max(0, Math.ceil(deadline - performance.now())));
      onStep('commits');
      if (!(await repository.drain(late))) {
        await stored.close(late); // nothing else could be written either
        return false;
      }
      onStep('retention');
      await retention.drain();
      onStep('rejections');
      await rejections.drain();
      onStep('database');
      await stored.close(late);
      onStep('traces');
      await tracing.close(Math.min(LAST_TRACES_MS, Math.max(0, deadline - performance.now())));
      return finished;
    },
  };
}

interface Store extends GroupedRepository {
  readonly rejections: RejectionLog;
  readonly eraser: ExpiryStore;
  usage(): Promise<StoreUsage>;
  close(signal?: AbortSignal): Promise<void>;
}

/** What runs beside the requests of a process with this configuration. */
function backgroundSteps({ database, retentionDays }: Config): BackgroundStep[] {
  return [
    'search_index',
    'counters',
    ...(database.engine === 'postgres' ? (['vacuum'] as const) : []),
    ...(retentionDays > 0 ? (['retention'] as const) : []),
    'rejections',
  ];
}

/** Opens the store, and loads only the driver that it needs. */
async function openStore(
  config: Config,
  reports: { readonly background: BackgroundObserver; readonly logger: Logger },
): Promise<Store> {
  const { database, readTimeoutMs, maxQueuedReads } = config;
  if (database.engine === 'postgres') {
    const { pooledMessageRepository } = await import('../adapters/persistence/postgres/store.ts');
    const store = pooledMessageRepository({
      url: database.url,
      poolSize: config.databasePoolSize,
      maxCommits: config.databaseCommits,
      readTimeoutMs,
      maxQueuedReads,
      background: reports.background,
    });
    await store.requireUsable();
    return store;
  }
  const { threadedMessageRepository } = await import('../adapters/persistence/sqlite/store.ts');
  return threadedMessageRepository({ file: database.file, readTimeoutMs, maxQueuedReads, ...reports });
}

async function migrateHere(config: Config, logger: Logger): Promise<void> {
  // Imported only if the service migrates: Knex is slow to load, and the main thread needs it for nothing else.
  const { migrateLatest } = await import('../adapters/persistence/schema/migrator.ts');
  const { openForMaintenance } = await import('./database.ts');
  const { db } = await openForMaintenance(config);
  try {
    for (const migration of await migrateLatest(db)) logger.info('migrated', { migration });
  } finally {
    await db.destroy();
  }
}
