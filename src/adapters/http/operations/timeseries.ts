import { MAX_BUCKETS, type ComputeTimeseries } from '../../../application/query/compute-timeseries.ts';
import { isMsisdn } from '../../../domain/message.ts';
import { formatTimestamp, timestamp } from '../../../domain/timestamp.ts';
import type { OperationRequest, Reply } from '../contract/types.ts';
import { invalid } from '../problem.ts';

/** Answers a request for counts by time. Throws a Problem for a range that has no buckets, or too many. */
export async function timeseriesReply(
  computeTimeseries: ComputeTimeseries,
  query: OperationRequest<'getTimeseries'>['query'],
): Promise<Reply<'getTimeseries'>> {
  const { bucket = 'hour' } = query;
  const series = await computeTimeseries.execute({
    bucket,
    ...(query.since !== undefined && { since: timestamp(query.since) }),
    ...(query.until !== undefined && { until: timestamp(query.until) }),
    ...(query.from !== undefined && isMsisdn(query.from) && { from: query.from }),
  });
  // Name a parameter that was sent, because the client has to fix it; without `until` the range ends now.
  const name = query.since === undefined ? 'until' : 'since';
  if (series === 'empty_range') throw refused(name, 'the range is empty: since must be before until, or before now');
  if (series === 'too_many_buckets') {
    throw refused(
      name,
      `the range has more than ${String(MAX_BUCKETS)} buckets: take a longer bucket or a shorter range`,
    );
  }
  return {
    status: 200,
    type: 'application/json',
    body: {
      bucket,
      since: formatTimestamp(series.since),
      until: formatTimestamp(series.until),
      data: series.counts.map(({ startsAt, count }) => ({ ts: formatTimestamp(startsAt), count })),
    },
  };
}

function refused(name: 'since' | 'until', msg: string): Error {
  return invalid({ loc: ['query', name], msg, type: 'value_error' });
}
