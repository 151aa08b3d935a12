import type { ListMessages } from '../../../../application/query/list-messages.ts';
import { isMessageId, type MessageId } from '../../../../domain/message.ts';
import { isProvider, type Provider } from '../../../../domain/provider.ts';
import type { Operations } from '../exchange.ts';
import { notFound } from '../not-found.ts';
import { DEFAULT_LIMIT, pageStart } from '../page-start.ts';
import { decodeCursor } from './cursor.ts';
import { filterFromQuery, foundToDto, listToDto } from './dto.ts';
import { rawReply } from './raw.ts';

/** The operations that read stored messages. */
export function messageOperations(
  messages: ListMessages,
): Pick<Operations, 'listMessages' | 'getMessage' | 'getMessagePayload'> {
  return {
    async listMessages({ query }) {
      const { limit = DEFAULT_LIMIT, offset = 0, order = 'asc' } = query;
      const filter = filterFromQuery(query);
      const start = pageStart(query, (cursor) => {
        const after = decodeCursor(cursor, filter, order);
        return after === null ? null : { after };
      });
      const list = await messages.execute(filter, start, limit, order);
      return { status: 200, type: 'application/json', body: listToDto(list, { filter, limit, offset, order }) };
    },

    async getMessage({ path, query }, { requestId }) {
      const { messageId, provider } = messageNamed(path.message_id, query.provider);
      const found = await messages.one(messageId, provider);
      return found === null
        ? notFound(requestId, 'no message has this id')
        : { status: 200, type: 'application/json', body: foundToDto(found) };
    },

    async getMessagePayload({ path, query }, { requestId }) {
      const { messageId, provider } = messageNamed(path.message_id, query.provider);
      const payload = await messages.payload(messageId, provider);
      if (payload === null) return notFound(requestId, 'no message has this id');
      if (payload === 'none') return notFound(requestId, 'the body of this message was not kept');
      return rawReply(payload);
    },
  };
}

function messageNamed(id: string, name: string | undefined): { messageId: MessageId; provider?: Provider } {
  if (!isMessageId(id)) throw new Error('the contract accepted an id that is not valid');
  return { messageId: id, ...(name !== undefined && isProvider(name) && { provider: name }) };
}
