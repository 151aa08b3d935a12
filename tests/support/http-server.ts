import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionLimits, type ConnectionLimits } from '../../src/adapters/http/node/connection-limits.ts';
import { createHttpServer } from '../../src/adapters/http/node/server.ts';
import { inMemoryRejectionLog } from './in-memory-rejection-log.ts';
import { NO_TRACING } from '../../src/adapters/telemetry/tracing/no-tracing.ts';
import { CheckReadiness } from '../../src/application/readiness/check-readiness.ts';
import { ComputeStats } from '../../src/application/query/compute-stats.ts';
import { ComputeTimeseries } from '../../src/application/query/compute-timeseries.ts';
import { MessageStream } from '../../src/application/follow/message-stream.ts';
import { IngestMessage } from '../../src/application/ingest/ingest-message.ts';
import { ListMessages } from '../../src/application/query/list-messages.ts';
import type { Clock, Timer } from '../../src/application/ports/time.ts';
import type { Logger, Metrics, Tracer } from '../../src/application/ports/telemetry.ts';
import type { MessageRepository } from '../../src/application/ports/store.ts';
import type { SignatureVerifier } from '../../src/application/ports/verification.ts';
import { Rejections } from '../../src/application/rejections/rejections.ts';
import type { Provider } from '../../src/domain/provider.ts';
import { manualTimer, noBackground, recordingBackground } from './fakes.ts';
import { httpClient, type HttpClient } from './http-client.ts';
import { SECRET } from './service.ts';

/** The largest body that {@link serveHttp} accepts by default. */
export const MAX_BODY_BYTES = 1_024;

export interface HttpParts {
  readonly repository: MessageRepository;
  readonly verifiers: ReadonlyMap<Provider, SignatureVerifier>;
  readonly metrics: Metrics;
  /** @default nothing */
  readonly exposition?: () => Promise<{ contentType: string; body: string }>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** @default none */
  readonly tracer?: Tracer;
  readonly checkReadiness?: CheckReadiness;
  readonly messageStream?: MessageStream;
  /** @default a timer for which no time passes */
  readonly timer?: Timer;
  /** @default {@link MAX_BODY_BYTES} */
  readonly maxBodyBytes?: number;
  /** @default four bodies of {@link MAX_BODY_BYTES} */
  readonly maxBufferedBytes?: number;
  /** @default 64 MiB */
  readonly maxUnreadBytes?: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** The HTTP adapter alone, over these ports, on a free port of the loopback interface. */
export async function serveHttp(
  parts: HttpParts,
): Promise<{ readonly server: Server; readonly port: number; readonly client: HttpClient }> {
  const { repository, verifiers, metrics, logger, clock, limits = {} } = parts;
  const { tracer = NO_TRACING, timer = manualTimer() } = parts;
  const server = await createHttpServer(
    {
      ingestMessage: new IngestMessage({ verifiers, writer: repository, metrics, clock, tracer }),
      listMessages: new ListMessages(repository, tracer),
      computeStats: new ComputeStats(repository, tracer),
      computeTimeseries: new ComputeTimeseries({ reader: repository, clock, tracer }),
      checkReadiness:
        parts.checkReadiness ?? new CheckReadiness({ store: repository, verifiers, background: noBackground }),
      messageStream:
        parts.messageStream ?? new MessageStream({ feed: repository, metrics, timer }, { maxSubscribers: 10 }),
      rejections: new Rejections(
        { log: inMemoryRejectionLog(), metrics, clock, timer, logger, background: recordingBackground(), tracer },
        { maxRows: 10, maxAgeDays: 1 },
      ),
      metrics,
      exposition: parts.exposition ?? (() => Promise.resolve({ contentType: 'text/plain', body: '' })),
      logger,
      tracer,
      clock,
      timer,
    },
    {
      maxBodyBytes: parts.maxBodyBytes ?? MAX_BODY_BYTES,
      maxBufferedBytes: parts.maxBufferedBytes ?? 4 * MAX_BODY_BYTES,
      maxUnreadBytes: parts.maxUnreadBytes ?? 67_108_864,
      largeReads: { maxInside: 16, maxWaiting: 200, patience: 1_000 },
      connections: { ...connectionLimits(1_000), ...limits },
      readApiKeys: [],
      trustedProxies: [],
      rateLimits: { badSignaturesPerMinute: 0, readsPerMinute: 0, webhooksPerMinute: 0 },
      origins: [],
      whatsAppVerifyToken: undefined,
      rejections: { excerptBytes: 0, diagnose: () => null, advice: {} },
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, client: httpClient(`http://127.0.0.1:${String(port)}`, SECRET, () => undefined) };
}
