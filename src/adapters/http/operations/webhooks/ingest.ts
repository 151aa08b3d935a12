import type { IngestMessage } from '../../../../application/ingest/ingest-message.ts';
import { isMessageId } from '../../../../domain/message.ts';
import type { IngestOutcome, UpdateOutcome } from '../../../../domain/ingest-outcome.ts';
import type { NewUpdate } from '../../../../domain/update.ts';
import type { ProviderDescriptor, SignedDelivery } from '../../../providers/descriptor.ts';
import { descriptorOf, PROVIDER_NAMES, type PROVIDERS, type ProviderName } from '../../../providers/registry.ts';
import { invalid } from '../../problem.ts';
import type { Exchange } from '../exchange.ts';

type Descriptor = (typeof PROVIDERS)[ProviderName];

/** The operations that deliver webhooks, one for each provider. */
export type IngestOperation = Descriptor['operationId'];

/** What each reply of a descriptor is on the wire. */
interface MessageReply {
  readonly status: 200;
  readonly headers: { readonly 'X-Message-Result': IngestOutcome };
  readonly type: 'application/json';
  readonly body: { readonly status: 'ok' };
}
interface OutcomesReply {
  readonly status: 200;
  readonly type: 'application/json';
  readonly body: { readonly status: 'ok'; readonly outcomes: Partial<Record<UpdateOutcome, number>> };
}
interface TextReply<T, B> {
  readonly status: 200;
  readonly type: T;
  readonly body: B;
}

type ReplyOf<D> = D extends { readonly reply: { readonly mediaType: infer T; readonly body: infer B } }
  ? TextReply<T, B>
  : D extends { readonly reply: 'outcomes' }
    ? OutcomesReply
    : MessageReply;

type BodyOf<D> = D extends
  | { readonly message: (body: infer B, delivery: never) => unknown }
  | { readonly updates: (body: infer B, delivery: never) => unknown }
  ? B
  : never;

/** Assignable to the contract's operations only while every descriptor reads the body and sends the reply of its operation. */
type IngestOperations = {
  readonly [D in Descriptor as D['operationId']]: (
    request: { readonly body: BodyOf<D> },
    exchange: Exchange,
  ) => Promise<ReplyOf<D>>;
};

type Handler = (
  request: { readonly body: object },
  exchange: Exchange,
) => Promise<MessageReply | OutcomesReply | TextReply<string, string>>;

export function ingestOperations(ingest: IngestMessage): IngestOperations {
  const handlers = PROVIDER_NAMES.map((name): [string, Handler] => {
    const descriptor = descriptorOf(name);
    return [descriptor.operationId, handler(descriptor, ingest)];
  });
  return Object.fromEntries(handlers) as IngestOperations;
}

function handler(descriptor: ProviderDescriptor, ingest: IngestMessage): Handler {
  return async ({ body }, exchange) => {
    const delivery = signedDelivery(descriptor, exchange);
    if ('message' in descriptor) {
      const message = descriptor.message(body, delivery);
      const [outcome] = await ingest.execute(exchange.proof(), [message], exchange.traceId);
      if (outcome !== 'created' && outcome !== 'duplicate' && outcome !== 'conflict') {
        throw new Error('a message has an outcome that messages cannot have');
      }
      exchange.ingested(message.messageId, outcome);
      const headers = { 'X-Message-Result': outcome };
      return { status: 200, headers, type: 'application/json', body: { status: 'ok' } };
    }
    const outcomes = await ingestAll(ingest, descriptor.updates(body, delivery), exchange);
    return descriptor.reply === 'outcomes'
      ? { status: 200, type: 'application/json', body: { status: 'ok', outcomes } }
      : { status: 200, type: descriptor.reply.mediaType, body: descriptor.reply.body };
  };
}

/** Throws a Problem when the provider names its deliveries and the name of this one cannot be stored. */
function signedDelivery({ deliveryIdHeader }: ProviderDescriptor, exchange: Exchange): SignedDelivery {
  const { provider, deliveryId } = exchange.proof();
  if (deliveryIdHeader !== undefined && !isMessageId(deliveryId ?? '')) {
    throw invalid({ loc: ['header', deliveryIdHeader], msg: 'must be 1 to 255 characters', type: 'value_error' });
  }
  return { provider, payload: exchange.payload(), receivedAt: exchange.receivedAt(), deliveryId };
}

/** Gives the number of updates per outcome. */
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
