import { createHash } from 'node:crypto';
import type { CheckReadiness } from '../../application/check-readiness.ts';
import type { ComputeStats } from '../../application/compute-stats.ts';
import type { IngestMessage } from '../../application/ingest-message.ts';
import type { ListMessages } from '../../application/list-messages.ts';
import type { IngestOutcome, Metrics } from '../../application/ports.ts';
import type { VerifiedDelivery } from '../../domain/delivery.ts';
import { isMessageId } from '../../domain/message.ts';
import type { OperationId, OperationRequest, Reply } from './contract.ts';
import { decodeCursor } from './cursor.ts';
import { filterFromQuery, listToDto, messageFromDto, messageToDto, readinessToDto, statsToDto } from './dto.ts';
import type { OpenapiDocument } from './openapi-document.ts';
import { asset, docsPage, redocPage } from './pages.ts';
import { invalid, Problem } from './problem.ts';

const DEFAULT_LIMIT = 50;

export interface UseCases {
  readonly ingestMessage: IngestMessage;
  readonly listMessages: ListMessages;
  readonly computeStats: ComputeStats;
  readonly checkReadiness: CheckReadiness;
}

/** What an operation knows of the exchange besides its parameters. */
export interface Exchange {
  readonly requestId: string;
  readonly accept: string | undefined;
  /** The proof of the signature. Throws where the contract demands none, for then nothing was verified. */
  proof(): VerifiedDelivery;
  /** Puts the outcome of a webhook into the log line and the metrics. */
  ingested(messageId: string, outcome: IngestOutcome): void;
}

/** One function for each operation of the contract: a missing one, or one too many, does not compile. */
export type Operations = {
  readonly [K in OperationId]: (request: OperationRequest<K>, exchange: Exchange) => Promise<Reply<K>>;
};

export function operations(useCases: UseCases, metrics: Metrics, document: OpenapiDocument): Operations {
  return {
    async ingestMessage({ body }, exchange) {
      const message = messageFromDto(body);
      const [outcome = 'created'] = await useCases.ingestMessage.execute(exchange.proof(), [message]);
      exchange.ingested(message.messageId, outcome);
      return {
        status: 200,
        headers: { 'X-Message-Result': outcome },
        type: 'application/json',
        body: { status: 'ok' },
      };
    },

    async listMessages({ query }) {
      const { limit = DEFAULT_LIMIT, offset, cursor } = query;
      const filter = filterFromQuery(query);
      const start = pageStart(offset, cursor, filter);
      const list = await useCases.listMessages.execute(filter, start, limit);
      return {
        status: 200,
        type: 'application/json',
        body: listToDto(list, { filter, limit, offset: offset ?? 0 }),
      };
    },

    async getMessage({ path: { message_id: messageId } }, { requestId }) {
      const message = isMessageId(messageId) ? await useCases.listMessages.one(messageId) : null;
      return message === null
        ? notFound(requestId, 'no message has this id')
        : { status: 200, type: 'application/json', body: messageToDto(message) };
    },

    async getStats() {
      const body = statsToDto(await useCases.computeStats.execute());
      return { status: 200, headers: { ETag: etag(JSON.stringify(body)) }, type: 'application/json', body };
    },

    getLiveness: () => Promise.resolve({ status: 200, type: 'application/json', body: { status: 'alive' } }),

    async getReadiness() {
      const readiness = await useCases.checkReadiness.execute();
      const body = readinessToDto(readiness);
      return readiness.status === 'ready'
        ? { status: 200, type: 'application/json', body }
        : { status: 503, headers: { 'Retry-After': 1 }, type: 'application/json', body };
    },

    async getMetrics(_request, { accept }) {
      const { contentType, body } = await metrics.exposition(accept);
      const type = contentType.startsWith('application/openmetrics-text')
        ? 'application/openmetrics-text'
        : 'text/plain';
      return { status: 200, headers: { 'Content-Type': contentType }, type, body };
    },

    getOpenapiJson: () =>
      Promise.resolve({ status: 200, type: 'application/json', body: document.parse() as ContractDocument }),

    getOpenapiYaml: () => Promise.resolve({ status: 200, type: 'application/yaml', body: document.yaml }),

    getDocsPage: () => Promise.resolve({ status: 200, type: 'text/html', body: docsPage }),

    getRedocPage: () => Promise.resolve({ status: 200, type: 'text/html', body: redocPage }),

    async getAsset({ path: { file } }, { requestId }) {
      const found = await asset(file);
      return found === null
        ? notFound(requestId)
        : { status: 200, headers: { 'Cache-Control': 'public, max-age=3600' }, ...found };
    },
  };
}

type ContractDocument = Extract<Reply<'getOpenapiJson'>, { status: 200 }>['body'];

function pageStart(
  offset: number | undefined,
  cursor: string | undefined,
  filter: ReturnType<typeof filterFromQuery>,
): Parameters<ListMessages['execute']>[1] {
  if (cursor === undefined) return { offset: offset ?? 0 };
  if (offset !== undefined) {
    throw invalid({ loc: ['query', 'cursor'], msg: 'cannot be combined with offset', type: 'value_error' });
  }
  const after = decodeCursor(cursor, filter);
  if (after === null) {
    const msg = 'is not the next_cursor of a page with the same filters';
    throw invalid({ loc: ['query', 'cursor'], msg, type: 'value_error' });
  }
  return { after };
}

function notFound(requestId: string, detail?: string): NotFound {
  const problem = new Problem('not-found', detail === undefined ? {} : { detail });
  return { status: 404, type: 'application/problem+json', body: problem.body(requestId) };
}

type NotFound = Extract<Reply<'getMessage'>, { status: 404 }>;

function etag(content: string): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}
