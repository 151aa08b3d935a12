import { createHash } from 'node:crypto';
import type { ComputeStats } from '../../../application/query/compute-stats.ts';
import type { ComputeTimeseries } from '../../../application/query/compute-timeseries.ts';
import type { Stats } from '../../../domain/stats.ts';
import type { Schemas } from '../contract/types.ts';
import type { Operations } from './exchange.ts';
import { optionalTimestamp } from './messages/dto.ts';
import { timeseriesReply } from './timeseries.ts';

/** The operations that count messages. */
export function statsOperations(useCases: {
  readonly computeStats: ComputeStats;
  readonly computeTimeseries: ComputeTimeseries;
}): Pick<Operations, 'getStats' | 'getTimeseries'> {
  return {
    async getStats() {
      const body = statsToDto(await useCases.computeStats.execute());
      return { status: 200, headers: { ETag: etag(JSON.stringify(body)) }, type: 'application/json', body };
    },

    getTimeseries: ({ query }) => timeseriesReply(useCases.computeTimeseries, query),
  };
}

function statsToDto(stats: Stats): Schemas['Stats'] {
  return {
    total_messages: stats.totalMessages,
    senders_count: stats.sendersCount,
    messages_per_sender: stats.topSenders.map(({ from, count }) => ({ from, count })),
    first_message_ts: optionalTimestamp(stats.firstMessageAt),
    last_message_ts: optionalTimestamp(stats.lastMessageAt),
  };
}

function etag(content: string): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}
