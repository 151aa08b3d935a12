import type { FoundMessage, ListedMessages } from '../../../../application/query/list-messages.ts';
import type { MessageFilter } from '../../../../application/ports/store.ts';
import { isMsisdn, type Message, type Order } from '../../../../domain/message.ts';
import { formatTimestamp, timestamp, type Timestamp } from '../../../../domain/timestamp.ts';
import type { OperationRequest, Schemas } from '../../contract/types.ts';
import { invalid } from '../../problem.ts';
import { encodeCursor } from './cursor.ts';

/** Throws a Problem for a range that no message can be in, as the counts by time do: it is a mistake of the client. */
export function filterFromQuery(query: OperationRequest<'listMessages'>['query']): MessageFilter {
  const { since, until } = query;
  if (since !== undefined && until !== undefined && timestamp(since) >= timestamp(until)) {
    throw invalid({
      loc: ['query', 'since'],
      msg: 'the range is empty: since must be before until',
      type: 'value_error',
    });
  }
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

export function optionalTimestamp(instant: Timestamp | null): string | null {
  return instant === null ? null : formatTimestamp(instant);
}
