import { timeSeries, type Row } from '../panels.ts';
import { S, TAKEN, rate, quantile } from '../queries.ts';

export const WEBHOOKS: Row = {
  title: 'Webhooks',
  panels: [
    timeSeries({
      title: 'Webhooks by result',
      description:
        'created, duplicate, conflict and accepted got 200. unavailable got 503: the sender retries. no_secret_configured: a webhook of a disabled provider.',
      unit: 'reqps',
      queries: [[rate('result', 'webhook_requests_total'), '{{result}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Messages and statuses by outcome',
      description: 'Outcome of each message, status and unknown update. One webhook may contain many.',
      unit: 'cps',
      queries: [[rate('provider, outcome', 'webhook_updates_total'), '{{provider}} {{outcome}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Missed by the objective',
      description:
        'Share of genuine webhooks not answered 200 within a second. Lines: the objective allows 0.1 %; 1.44 % for an hour wakes somebody up.',
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
      description: 'From reading the request to its answer, for webhooks answered 200. The line is the objective.',
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
      description: 'Webhooks rejected because of a mistake of the sender. GET /rejections says what to fix.',
      unit: 'reqps',
      queries: [[`${rate('provider, reason', 'webhook_rejections_total')} > 0`, '{{provider}} {{reason}}']],
      stacked: true,
      width: 8,
    }),
    timeSeries({
      title: 'Right signatures',
      description: 'Valid signatures by secret: previous during a rotation.',
      unit: 'reqps',
      queries: [[rate('provider, secret', 'webhook_verified_total'), '{{provider}} {{secret}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Since a secret was last used',
      description: 'When the line of a previous secret only grows, the rotation is complete: remove that secret.',
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
