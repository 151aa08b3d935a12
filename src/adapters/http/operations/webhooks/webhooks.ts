import type { IngestMessage } from '../../../../application/ingest/ingest-message.ts';
import { isMessageId } from '../../../../domain/message.ts';
import type { NewMessage, NewUpdate, UpdateOutcome } from '../../../../domain/update.ts';
import type { Reply } from '../../contract/types.ts';
import { messageFromDto } from '../messages/dto.ts';
import type { Exchange, Operations } from '../exchange.ts';
import { invalid, Problem } from '../../middleware/problem.ts';
import { isSecret } from '../../auth/security.ts';
import { EMPTY_TWIML, twilioUpdate } from '../../../providers/twilio/updates.ts';
import { whatsAppUpdates } from '../../../providers/whatsapp/updates.ts';

type WebhookOperation =
  'ingestMessage' | 'ingestStandardWebhook' | 'ingestWhatsApp' | 'verifyWhatsAppSubscription' | 'ingestTwilio';

/** The operations that providers call. */
export function webhookOperations(
  ingest: IngestMessage,
  whatsAppVerifyToken: string | undefined,
): Pick<Operations, WebhookOperation> {
  return {
    ingestMessage: ({ body }, exchange) =>
      ingestOne(ingest, { ...messageFromDto(body), payload: exchange.payload() }, exchange),

    ingestStandardWebhook({ body }, exchange) {
      const { provider, deliveryId = '' } = exchange.proof();
      if (!isMessageId(deliveryId)) {
        throw invalid({ loc: ['header', 'webhook-id'], msg: 'must be 1 to 255 characters', type: 'value_error' });
      }
      return ingestOne(
        ingest,
        { ...messageFromDto(body), provider, payload: exchange.payload(), deliveryId },
        exchange,
      );
    },

    async ingestWhatsApp({ body }, exchange) {
      const outcomes = await ingestAll(ingest, whatsAppUpdates(body, exchange.payload()), exchange);
      return { status: 200, type: 'application/json', body: { status: 'ok', outcomes } };
    },

    verifyWhatsAppSubscription({ query }) {
      if (whatsAppVerifyToken === undefined) {
        throw new Problem('unavailable', {
          detail: 'no WhatsApp verify token is configured',
          headers: { 'Retry-After': '60' },
        });
      }
      const { 'hub.mode': mode, 'hub.verify_token': token = '', 'hub.challenge': challenge } = query;
      if (mode !== 'subscribe' || challenge === undefined || !isSecret(token, whatsAppVerifyToken)) {
        throw new Problem('forbidden');
      }
      return Promise.resolve({ status: 200, type: 'text/plain', body: challenge });
    },

    async ingestTwilio({ body }, exchange) {
      await ingestAll(ingest, [twilioUpdate(body, exchange.payload(), exchange.receivedAt())], exchange);
      return { status: 200, type: 'text/xml', body: EMPTY_TWIML };
    },
  };
}

async function ingestOne(
  ingest: IngestMessage,
  message: NewMessage,
  exchange: Exchange,
): Promise<Extract<Reply<'ingestMessage'>, { status: 200 }>> {
  const [outcome] = await ingest.execute(exchange.proof(), [message], exchange.traceId);
  if (outcome !== 'created' && outcome !== 'duplicate' && outcome !== 'conflict') {
    throw new Error('a message has an outcome that is none of a message');
  }
  exchange.ingested(message.messageId, outcome);
  return { status: 200, headers: { 'X-Message-Result': outcome }, type: 'application/json', body: { status: 'ok' } };
}

/** Gives how many updates came to what. */
async function ingestAll(
  ingest: IngestMessage,
  updates: readonly NewUpdate[],
  exchange: Exchange,
): Promise<Partial<Record<UpdateOutcome, number>>> {
  const counts: Partial<Record<UpdateOutcome, number>> = {};
  const outcomes = await ingest.execute(exchange.proof(), updates, exchange.traceId);
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  exchange.ingestedAll(counts);
  return counts;
}
