import type { FoundMessage, ListedMessages } from '../../../../application/query/list-messages.ts';
import type { Readiness } from '../../../../application/readiness/check-readiness.ts';
import type { MessageFilter } from '../../../../application/ports/store.ts';
import { isMsisdn, type Message, type Order } from '../../../../domain/message.ts';
import type { Stats } from '../../../../domain/stats.ts';
import { formatTimestamp, timestamp, type Timestamp } from '../../../../domain/timestamp.ts';
import type { OperationRequest, Schemas } from '../../contract/types.ts';
import { encodeCursor } from './cursor.ts';

export function filterFromQuery(query: OperationRequest<'listMessages'>['query']): MessageFilter {
  return {
    ...(query.from !== undefined && isMsisdn(query.from) && { from: query.from }),
    ...(query.since !== undefined && { since: timestamp(query.since) }),
    ...(query.until !== undefined && { until: timestamp(query.until) }),
    ...(query.q !== undefined && { contains: query.q }),
  };
}

function messageToDto({ messageId, from, to, sentAt, text }: Message): Schemas['Message'] {
  return { message_id: messageId, from, to, ts: formatTimestamp(sentAt), text };
}

export function foundToDto({ message, status, receivedAt, traceId }: FoundMessage): Schemas['MessageDetail'] {
  return {
    ...messageToDto(message),
    provider: message.provider,
    type: message.type,
    status: status === null ? null : { state: status.state, ts: formatTimestamp(status.at) },
    received_at: optionalTimestamp(receivedAt),
    trace_id: traceId,
  };
}

export function followedToDto(message: Message): Schemas['FollowedMessage'] {
  return { ...messageToDto(message), provider: message.provider, type: message.type };
}

export function listToDto(
  { messages, total, next }: ListedMessages,
  page: { filter: MessageFilter; limit: number; offset: number; order: Order },
): Schemas['MessageList'] {
  return {
    data: messages.map(messageToDto),
    total,
    limit: page.limit,
    offset: page.offset,
    next_cursor: next === null ? null : encodeCursor(next, page.filter, page.order),
  };
}

export function statsToDto(stats: Stats): Schemas['Stats'] {
  return {
    total_messages: stats.totalMessages,
    senders_count: stats.sendersCount,
    messages_per_sender: stats.topSenders.map(({ from, count }) => ({ from, count })),
    first_message_ts: optionalTimestamp(stats.firstMessageAt),
    last_message_ts: optionalTimestamp(stats.lastMessageAt),
  };
}

export function readinessToDto(readiness: Readiness): Schemas['Readiness'] {
  const { status, database, schema, webhookSecret, providers } = readiness;
  return { status, checks: { database, schema, webhook_secret: webhookSecret }, providers: [...providers] };
}

function optionalTimestamp(instant: Timestamp | null): string | null {
  return instant === null ? null : formatTimestamp(instant);
}
