import type { MessageStream } from '../../../../application/follow/message-stream.ts';
import type { Timer } from '../../../../application/ports/time.ts';
import { isMsisdn } from '../../../../domain/message.ts';
import type { Operations } from '../exchange.ts';
import { decodeEventId } from './event-id.ts';
import { eventStream } from './event-stream.ts';
import { Problem } from '../../problem.ts';

/** When a rejected client should retry: another stream must end first. */
const RETRY_AFTER_SECONDS = 5;

/** The operation that streams messages. The body ends with the connection or the service. */
export function streamOperations(messageStream: MessageStream, timer: Timer): Pick<Operations, 'streamMessages'> {
  return {
    async streamMessages({ query }, { lastEventId, streamed }) {
      const filter = {
        ...(query.from !== undefined && isMsisdn(query.from) && { from: query.from }),
        ...(query.q !== undefined && { contains: query.q }),
      };
      const subscription = await messageStream.open(filter, lastEventId ? decodeEventId(lastEventId) : undefined);
      if (subscription === 'too_many') throw refused('as many streams are open as may be; ask again later');
      if (subscription === 'stopped') throw refused('the service is stopping; ask again later');
      return {
        status: 200,
        headers: { 'X-Accel-Buffering': 'no' },
        type: 'text/event-stream',
        body: eventStream(subscription, timer, streamed) as never,
      };
    },
  };
}

function refused(detail: string): Problem {
  return new Problem('unavailable', { detail, headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } });
}
