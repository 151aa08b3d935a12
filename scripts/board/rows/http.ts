import { timeSeries, type Row } from '../panels.ts';
import { S, rate, quantile } from '../queries.ts';

export const HTTP: Row = {
  title: 'HTTP',
  panels: [
    timeSeries({
      title: 'Requests by route and status',
      description: 'All requests, including probes and scrapes. unmatched: no such route.',
      unit: 'reqps',
      queries: [[rate('method, path, status', 'http_requests_total'), '{{method}} {{path}} {{status}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Share of 5xx by route',
      description: 'Includes the 503 of /health/ready while an instance is not ready.',
      unit: 'percentunit',
      queries: [
        [
          `${rate('path', 'http_requests_total', 'status=~"5.."')} / ${rate('path', 'http_requests_total')}`,
          '{{path}}',
        ],
      ],
      width: 12,
    }),
    timeSeries({
      title: 'p50 by route',
      description: 'Half of the answers were ready sooner.',
      unit: 's',
      queries: [[quantile(0.5, 'method, path', 'http_request_duration_seconds'), '{{method}} {{path}}']],
      width: 12,
    }),
    timeSeries({
      title: 'p99 by route',
      description: 'One answer in a hundred was ready later. Searches may take up to READ_TIMEOUT_MS.',
      unit: 's',
      queries: [[quantile(0.99, 'method, path', 'http_request_duration_seconds'), '{{method}} {{path}}']],
      width: 12,
    }),
    timeSeries({
      title: 'Streams',
      description: 'Share of MAX_STREAMS in use. At 100 % further streams get 503.',
      unit: 'percentunit',
      queries: [[`message_streams{${S}} / message_streams_limit{${S}}`, '{{instance}}']],
      max: 1,
      thresholds: [
        ['transparent', null],
        ['red', 0.9],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Refused by address',
      description: 'Requests that got 429, by the exceeded limit. Wrong signatures never block valid ones.',
      unit: 'reqps',
      queries: [[rate('kind', 'http_rate_limited_total'), '{{kind}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Refused for want of room',
      description:
        'Connections closed at once, requests rejected because too many bodies or unread answers were in memory, and readers that were reset.',
      unit: 'cps',
      queries: [
        [rate('instance', 'http_connections_dropped_total'), '{{instance}} connections'],
        [rate('instance', 'request_bodies_shed_total'), '{{instance}} bodies'],
        [rate('instance', 'responses_shed_total'), '{{instance}} answers'],
        [rate('instance', 'http_connections_reset_total'), '{{instance}} reset'],
      ],
      width: 8,
    }),
  ],
};
