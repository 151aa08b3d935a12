import { createHash } from 'node:crypto';
import type { CheckReadiness } from '../../../application/readiness/check-readiness.ts';
import type { ComputeStats } from '../../../application/query/compute-stats.ts';
import type { ComputeTimeseries } from '../../../application/query/compute-timeseries.ts';
import type { MessageStream } from '../../../application/follow/message-stream.ts';
import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import type { ListMessages } from '../../../application/query/list-messages.ts';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import type { Timer } from '../../../application/ports/time.ts';
import type { Rejections } from '../../../application/rejections/rejections.ts';
import { isMessageId, type MessageId } from '../../../domain/message.ts';
import { isProvider, type Provider } from '../../../domain/provider.ts';
import { asset } from './pages/assets.ts';
import type { Reply } from '../contract/types.ts';
import { decodeCursor } from './messages/cursor.ts';
import { dashboardPage } from './pages/dashboard.ts';
import { filterFromQuery, foundToDto, listToDto, readinessToDto, statsToDto } from './messages/dto.ts';
import type { Operations } from './exchange.ts';
import type { OpenapiDocument } from '../contract/document.ts';
import { DEFAULT_LIMIT, pageStart } from './messages/page-start.ts';
import { docsPage, redocPage } from './pages/docs-pages.ts';
import { Problem } from '../middleware/problem.ts';
import { streamOperations } from './messages/message-stream.ts';
import { timeseriesReply } from './timeseries.ts';
import { rejectionOperations, type RejectionOptions } from './rejections.ts';
import { webhookOperations } from './webhooks/webhooks.ts';

export interface UseCases {
  readonly ingestMessage: IngestMessage;
  readonly listMessages: ListMessages;
  readonly computeStats: ComputeStats;
  readonly computeTimeseries: ComputeTimeseries;
  readonly checkReadiness: CheckReadiness;
  readonly messageStream: MessageStream;
  readonly rejections: Rejections;
}

export function operations(
  useCases: UseCases,
  { metrics, timer }: { readonly metrics: Metrics; readonly timer: Timer },
  document: OpenapiDocument,
  options: { readonly whatsAppVerifyToken: string | undefined; readonly rejections: RejectionOptions },
): Operations {
  return {
    ...webhookOperations(useCases.ingestMessage, document, options.whatsAppVerifyToken),
    ...rejectionOperations(useCases.rejections, options.rejections),

    ...streamOperations(useCases.messageStream, timer),

    async listMessages({ query }) {
      const { limit = DEFAULT_LIMIT, offset = 0, order = 'asc' } = query;
      const filter = filterFromQuery(query);
      const start = pageStart(query, (cursor) => {
        const after = decodeCursor(cursor, filter, order);
        return after === null ? null : { after };
      });
      const list = await useCases.listMessages.execute(filter, start, limit, order);
      return {
        status: 200,
        type: 'application/json',
        body: listToDto(list, { filter, limit, offset, order }),
      };
    },

    async getMessage({ path, query }, { requestId }) {
      const { messageId, provider } = messageNamed(path.message_id, query.provider);
      const found = await useCases.listMessages.one(messageId, provider);
      return found === null
        ? notFound(requestId, 'no message has this id')
        : { status: 200, type: 'application/json', body: foundToDto(found) };
    },

    async getMessagePayload({ path, query }, { requestId }) {
      const { messageId, provider } = messageNamed(path.message_id, query.provider);
      const payload = await useCases.listMessages.payload(messageId, provider);
      if (payload === null) return notFound(requestId, 'no message has this id');
      if (payload === 'none') return notFound(requestId, 'the body of this message was not kept');
      const type = payload.mediaType.startsWith('application/json')
        ? 'application/json'
        : 'application/x-www-form-urlencoded';
      return { status: 200, headers: { 'Content-Type': payload.mediaType }, type, body: payload.body as never };
    },

    async getStats() {
      const body = statsToDto(await useCases.computeStats.execute());
      return { status: 200, headers: { ETag: etag(JSON.stringify(body)) }, type: 'application/json', body };
    },

    getTimeseries: ({ query }) => timeseriesReply(useCases.computeTimeseries, query),

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

    getDashboard: () =>
      Promise.resolve({
        status: 200,
        headers: { 'Cache-Control': 'no-cache' },
        type: 'text/html',
        body: dashboardPage,
      }),

    getDocsPage: () => Promise.resolve({ status: 200, type: 'text/html', body: docsPage }),

    getRedocPage: () => Promise.resolve({ status: 200, type: 'text/html', body: redocPage }),

    async getAsset({ path: { file } }, { requestId }) {
      const found = await asset(file);
      return found === null
        ? notFound(requestId)
        : {
            status: 200,
            headers: { 'Cache-Control': found.cacheControl },
            type: found.type,
            body: found.body as never,
          };
    },
  };
}

type ContractDocument = Extract<Reply<'getOpenapiJson'>, { status: 200 }>['body'];

function messageNamed(id: string, name: string | undefined): { messageId: MessageId; provider?: Provider } {
  if (!isMessageId(id)) throw new Error('the contract let an id pass that is none');
  return { messageId: id, ...(name !== undefined && isProvider(name) && { provider: name }) };
}

function notFound(requestId: string, detail?: string): NotFound {
  const problem = new Problem('not-found', detail === undefined ? {} : { detail });
  return { status: 404, type: 'application/problem+json', body: problem.body(requestId) };
}

type NotFound = Extract<Reply<'getMessage'>, { status: 404 }>;

function etag(content: string): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}
