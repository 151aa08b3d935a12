import type { AddressInfo } from 'node:net';
import { connectionLimits, type ConnectionLimits } from '../adapters/http/node/connection-limits.ts';
import { createHttpServer } from '../adapters/http/node/server.ts';
import { prometheusMetrics } from '../adapters/telemetry/metrics/prometheus.ts';
import { groupCommit } from '../adapters/persistence/ingest/group-commit.ts';
import { signatureSchemes } from '../adapters/providers/signature-schemes.ts';
import { DIAGNOSES } from '../adapters/signature/diagnosis/diagnosis.ts';
import { CheckReadiness, configuredProviders } from '../application/readiness/check-readiness.ts';
import { ComputeStats } from '../application/query/compute-stats.ts';
import { ComputeTimeseries } from '../application/query/compute-timeseries.ts';
import { MessageStream } from '../application/follow/message-stream.ts';
import { IngestMessage } from '../application/ingest/ingest-message.ts';
import { ListMessages } from '../application/query/list-messages.ts';
import type { Logger } from '../application/ports/telemetry.ts';
import type { MessageRepository, RejectionLog, StoreUsage, StepwiseEraser } from '../application/ports/store.ts';
import type { ExpiryRule } from '../domain/erasure-rule.ts';
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
   */
  stop(): Promise<boolean>;
}

/**
 * Composes the service: decides which adapter implements which port. compose-commands.ts does the same for the commands.
 * @param limits replace the default limits of connections, so that tests do not wait for long timeouts
 */
export async function composeService(
  config: Config,
  logger: Logger,
  limits: Partial<ConnectionLimits> = {},
): Promise<Service> {
  if (config.migrateOnStart) await migrate(config, logger);

  const tracing = await openTracing(config, logger);
  const { tracer } = tracing;
  const stored = await openStore(config);
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
    { log: stored.rejections, metrics, clock: systemClock, timer: systemTimer, logger, tracer },
    { maxRows: config.rejectionsMaxRows, maxAgeDays: config.rejectionsMaxAgeDays },
  );
  const retention = new Retention(
    { eraser: stored.eraser, metrics, clock: systemClock, timer: systemTimer, logger },
    config.retentionDays,
  );
  const checkReadiness = new CheckReadiness({ store: repository, verifiers });
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
    async stop() {
      const deadline = performance.now() + config.shutdownDelayMs + config.shutdownTimeoutMs;
      checkReadiness.stop();
      // Streams close only after the shutdown delay. Before it ends, load balancers still send reconnecting clients to this process,
      // where they would get a 503, after which a browser's EventSource gives up.
      const finished = await closeServer(server, config, () => {
        messageStream.stop();
      });
      await repository.drain();
      await retention.drain();
      await rejections.drain();
      await stored.close();
      await tracing.close(Math.min(LAST_TRACES_MS, Math.max(0, deadline - performance.now())));
      return finished;
    },
  };
}

interface Store extends MessageRepository {
  readonly rejections: RejectionLog;
  readonly eraser: StepwiseEraser<ExpiryRule>;
  usage(): Promise<StoreUsage>;
  close(): Promise<void>;
}

/** Opens the store, and loads only the driver that it needs. */
async function openStore(config: Config): Promise<Store> {
  const { database, readTimeoutMs, maxQueuedReads } = config;
  if (database.engine === 'postgres') {
    const { pooledMessageRepository } = await import('../adapters/persistence/postgres/store.ts');
    return pooledMessageRepository({
      url: database.url,
      poolSize: config.databasePoolSize,
      maxCommits: config.databaseCommits,
      readTimeoutMs,
      maxQueuedReads,
    });
  }
  const { threadedMessageRepository } = await import('../adapters/persistence/sqlite/store.ts');
  return threadedMessageRepository({ file: database.file, readTimeoutMs, maxQueuedReads });
}

async function migrate(config: Config, logger: Logger): Promise<void> {
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
