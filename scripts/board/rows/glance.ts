import { stat, type Row } from '../panels.ts';
import { S, RATE, TAKEN, GENUINE, ONE_SECOND, GOOD_BELOW, GOOD_ABOVE, quantile } from '../queries.ts';

export const GLANCE: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Ready',
      description: 'Instances that are reachable and pass all readiness checks.',
      unit: 'none',
      queries: [[`sum(job_instance:webhook_inbox_ready:min{${S}})`, 'ready']],
      thresholds: [
        ['red', null],
        ['green', 1],
      ],
      width: 3,
    }),
    stat({
      title: 'Alerts',
      description: 'Firing alerts. Each has a section in the runbook, linked above.',
      unit: 'none',
      queries: [['count(ALERTS{alertstate="firing", alertname=~"WebhookInbox.+"}) or vector(0)', 'firing']],
      thresholds: [
        ['green', null],
        ['red', 1],
      ],
      width: 3,
    }),
    stat({
      title: 'Within the objective',
      description: 'Genuine webhooks answered 200 within a second, in the time range above. The objective is 99.9 %.',
      unit: 'percentunit',
      decimals: 3,
      queries: [
        [
          `sum(increase(webhook_request_duration_seconds_bucket{${S}, ${TAKEN}, ${ONE_SECOND}}[$__range])) / sum(increase(webhook_request_duration_seconds_count{${S}, ${GENUINE}}[$__range]))`,
          'within a second',
        ],
      ],
      thresholds: GOOD_ABOVE(0.999, 0.9995),
      width: 3,
    }),
    stat({
      title: 'Webhooks',
      description: 'Requests to all webhooks, with any result.',
      unit: 'reqps',
      queries: [[`sum(rate(webhook_requests_total{${S}}[${RATE}]))`, 'webhooks']],
      width: 3,
    }),
    stat({
      title: 'p99',
      description: 'One in a hundred accepted webhooks took longer than this.',
      unit: 's',
      queries: [[quantile(0.99, '', 'webhook_request_duration_seconds', TAKEN), 'p99']],
      thresholds: GOOD_BELOW(0.5, 1),
      width: 3,
    }),
    stat({
      title: 'Messages',
      description: 'Stored messages, which all replicas share.',
      unit: 'short',
      queries: [[`max(stored_messages{${S}})`, 'messages']],
      width: 3,
    }),
    stat({
      title: 'Database',
      description: 'Size of the database; with SQLite, including its write-ahead log.',
      unit: 'bytes',
      queries: [[`max(database_size_bytes{${S}})`, 'size']],
      width: 3,
    }),
    stat({
      title: 'Disk left',
      description: "Free space on SQLite's disk. Empty with PostgreSQL: monitor the disk on its server.",
      unit: 'percentunit',
      queries: [[`min(database_disk_available_bytes{${S}} / database_disk_size_bytes{${S}})`, 'left']],
      thresholds: GOOD_ABOVE(0.05, 0.2),
      width: 3,
    }),
  ],
};
