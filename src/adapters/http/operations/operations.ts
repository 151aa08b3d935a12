import type { Timer } from '../../../application/ports/time.ts';
import type { MessageStream } from '../../../application/follow/message-stream.ts';
import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import type { ComputeStats } from '../../../application/query/compute-stats.ts';
import type { ComputeTimeseries } from '../../../application/query/compute-timeseries.ts';
import type { ListMessages } from '../../../application/query/list-messages.ts';
import type { CheckReadiness } from '../../../application/readiness/check-readiness.ts';
import type { Rejections } from '../../../application/rejections/rejections.ts';
import type { OpenapiDocument } from '../contract/document.ts';
import { streamOperations } from './events/message-stream.ts';
import type { Operations } from './exchange.ts';
import { healthOperations } from './health.ts';
import { messageOperations } from './messages/messages.ts';
import { metricsOperations, type Exposition } from './metrics.ts';
import { pageOperations } from './pages/pages.ts';
import { rejectionOperations, type Advice } from './rejections.ts';
import { statsOperations } from './stats.ts';
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

/** The handler of every operation of the contract. */
export function operations(
  dependencies: UseCases & { readonly exposition: Exposition; readonly timer: Timer },
  document: OpenapiDocument,
  options: { readonly whatsAppVerifyToken: string | undefined; readonly rejections: { readonly advice: Advice } },
): Operations {
  return {
    ...webhookOperations(dependencies.ingestMessage, document, options.whatsAppVerifyToken),
    ...messageOperations(dependencies.listMessages),
    ...streamOperations(dependencies.messageStream, dependencies.timer),
    ...statsOperations(dependencies),
    ...rejectionOperations(dependencies.rejections, options.rejections.advice),
    ...healthOperations(dependencies.checkReadiness),
    ...metricsOperations(dependencies.exposition),
    ...pageOperations(document),
  };
}
