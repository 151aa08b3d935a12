import { timeSeries, type Row } from '../panels.ts';
import { S, TAKEN, rate, quantile } from '../queries.ts';

export const WEBHOOKS: Row = {
  title: 'Webhooks',
  panels: [
    timeSeries({
      title: 'Webhooks by result',
      description:
        'created, duplicate, conflict and accepted were answered 200. unavailable is a 503: the sender tries again. no_secret_configured is somebody asking for a provider that is off.',
      unit: 'reqps',
      queries: [[rate('result', 'webhook_requests_total'), '{{result}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Messages and statuses by outcome',
      description: 'What became of each message, status and unknown update in them. One webhook may bring many.',
      unit: 'cps',
      queries: [[rate('provider, outcome', 'webhook_updates_total'), '{{provider}} {{outcome}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Missed by the objective',
      description:
        'Share of genuine webhooks not answered 200 within a second. The lines: 0.1 % is what the objective allows, 1.44 % for an hour wakes somebody up.',
      unit: 'percentunit',
      queries: [
        ['job:webhook_requests_missed:ratio_rate5m{job="$job"}', '5 minutes'],
        ['job:webhook_requests_missed:ratio_rate1h{job="$job"}', '1 hour'],
        ['job:webhook_requests_missed:ratio_rate6h{job="$job"}', '6 hours'],
        ['job:webhook_requests_missed:ratio_rate3d{job="$job"}', '3 days'],
      ],
      thresholds: [
        ['transparent', null],
        ['orange', 0.001],
        ['red', 0.0144],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Time to take a webhook',
      description:
        'From the request being read to its answer being ready, of those answered 200. The line is the objective.',
      unit: 's',
      queries: [
        [quantile(0.5, '', 'webhook_request_duration_seconds', TAKEN), 'p50'],
        [quantile(0.99, '', 'webhook_request_duration_seconds', TAKEN), 'p99'],
        [quantile(0.999, '', 'webhook_request_duration_seconds', TAKEN), 'p99.9'],
      ],
      thresholds: [
        ['transparent', null],
        ['red', 1],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Ingest lag',
      description:
        "From the sending of a message, by its sender's clock, to its being stored. High while senders catch up.",
      unit: 's',
      queries: [
        [quantile(0.5, '', 'webhook_ingest_lag_seconds'), 'p50'],
        [quantile(0.99, '', 'webhook_ingest_lag_seconds'), 'p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Rejections by provider and reason',
      description: 'Webhooks that were refused for what the sender sent. GET /rejections says what to mend.',
      unit: 'reqps',
      queries: [[`${rate('provider, reason', 'webhook_rejections_total')} > 0`, '{{provider}} {{reason}}']],
      stacked: true,
      width: 8,
    }),
    timeSeries({
      title: 'Right signatures',
      description: 'By the secret that made them: previous while a rotation is under way.',
      unit: 'reqps',
      queries: [[rate('provider, secret', 'webhook_verified_total'), '{{provider}} {{secret}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Since a secret was last used',
      description: 'When that of a previous secret only grows, the rotation is done: take it out.',
      unit: 's',
      queries: [
        [
          `time() - max by (provider, secret) (webhook_secret_last_verified_timestamp_seconds{${S}})`,
          '{{provider}} {{secret}}',
        ],
      ],
      width: 8,
    }),
  ],
};
