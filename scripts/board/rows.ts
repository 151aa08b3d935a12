import { states, stat, timeSeries, type Unplaced } from './panels.ts';

/** What every selector of the board asks for. */
const S = 'job="$job", instance=~"$instance"';
const RATE = '$__rate_interval';
const TAKEN = 'result=~"created|duplicate|conflict|accepted"';
const GENUINE = 'result=~"created|duplicate|conflict|accepted|unavailable|internal_error"';
/** As the service writes it, and as Prometheus 3 normalises it. */
const ONE_SECOND = 'le=~"1|1[.]0"';

const GOOD_BELOW = (warning: number, bad: number) =>
  [
    ['green', null],
    ['orange', warning],
    ['red', bad],
  ] as const;
const GOOD_ABOVE = (bad: number, warning: number) =>
  [
    ['red', null],
    ['orange', bad],
    ['green', warning],
  ] as const;

const rate = (by: string, metric: string, labels = ''): string =>
  `sum by (${by}) (rate(${metric}{${S}${labels === '' ? '' : `, ${labels}`}}[${RATE}]))`;
const quantile = (q: number, by: string, metric: string, labels = ''): string =>
  `histogram_quantile(${String(q)}, ${rate(['le', by].filter(Boolean).join(', '), `${metric}_bucket`, labels)})`;

export interface Row {
  readonly title: string;
  readonly panels: readonly Unplaced[];
}

const GLANCE: Row = {
  title: 'At a glance',
  panels: [
    stat({
      title: 'Ready',
      description: 'Instances that are reached and whose checks of readiness all pass.',
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
      description: 'Alerts that fire now. Each has a section in the runbook, which is linked above.',
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
      description: 'Requests to all webhooks, whatever became of them.',
      unit: 'reqps',
      queries: [[`sum(rate(webhook_requests_total{${S}}[${RATE}]))`, 'webhooks']],
      width: 3,
    }),
    stat({
      title: 'p99',
      description: 'One in a hundred webhooks that were taken took longer than this.',
      unit: 's',
      queries: [[quantile(0.99, '', 'webhook_request_duration_seconds', TAKEN), 'p99']],
      thresholds: GOOD_BELOW(0.5, 1),
      width: 3,
    }),
    stat({
      title: 'Messages',
      description: 'Messages stored. Replicas share them.',
      unit: 'short',
      queries: [[`max(stored_messages{${S}})`, 'messages']],
      width: 3,
    }),
    stat({
      title: 'Database',
      description: 'Size of the database; with SQLite its log included.',
      unit: 'bytes',
      queries: [[`max(database_size_bytes{${S}})`, 'size']],
      width: 3,
    }),
    stat({
      title: 'Disk left',
      description: 'What is left of the disk that SQLite is on. Nothing with PostgreSQL: watch its disk where it is.',
      unit: 'percentunit',
      queries: [[`min(database_disk_available_bytes{${S}} / database_disk_size_bytes{${S}})`, 'left']],
      thresholds: GOOD_ABOVE(0.05, 0.2),
      width: 3,
    }),
  ],
};

const WEBHOOKS: Row = {
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

const HTTP: Row = {
  title: 'HTTP',
  panels: [
    timeSeries({
      title: 'Requests by route and status',
      description: 'All requests, probes and scrapes among them. unmatched: no such route.',
      unit: 'reqps',
      queries: [[rate('method, path, status', 'http_requests_total'), '{{method}} {{path}} {{status}}']],
      stacked: true,
      width: 12,
    }),
    timeSeries({
      title: 'Share of 5xx by route',
      description: '503 from /health/ready while an instance is not ready is in it.',
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
      description: 'How full the places of clients that follow the messages are. One too many gets 503.',
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
      description: '429, by what it was too much of. Right signatures are never refused for wrong ones.',
      unit: 'reqps',
      queries: [[rate('kind', 'http_rate_limited_total'), '{{kind}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Refused for want of room',
      description: 'Connections closed as they came, and requests whose bodies had no room in memory.',
      unit: 'cps',
      queries: [
        [rate('instance', 'http_connections_dropped_total'), '{{instance}} connections'],
        [rate('instance', 'request_bodies_shed_total'), '{{instance}} bodies'],
      ],
      width: 8,
    }),
  ],
};

const COMMITS: Row = {
  title: 'Commits',
  panels: [
    timeSeries({
      title: 'Commit duration',
      description: 'What the disk or PostgreSQL takes for a commit. All webhooks that wait share the next one.',
      unit: 's',
      queries: [
        [quantile(0.5, 'outcome', 'commit_duration_seconds'), '{{outcome}} p50'],
        [quantile(0.99, 'outcome', 'commit_duration_seconds'), '{{outcome}} p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Commits',
      description: 'By whether they succeeded. A failed one is tried again message by message.',
      unit: 'cps',
      queries: [[rate('outcome', 'commit_duration_seconds_count'), '{{outcome}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Messages in a commit',
      description: 'Few: it is idle, or each sender waits for its answer. Many: the disk is the limit.',
      unit: 'none',
      queries: [
        [`${rate('job', 'commit_batch_messages_sum')} / ${rate('job', 'commit_batch_messages_count')}`, 'mean'],
        [quantile(0.99, '', 'commit_batch_messages'), 'p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Commit queue',
      description: 'How full it is with messages that wait to be stored. At 100 % webhooks are refused with 503.',
      unit: 'percentunit',
      queries: [[`commit_queue_messages{${S}} / commit_queue_limit_messages{${S}}`, '{{instance}}']],
      max: 1,
      thresholds: [
        ['transparent', null],
        ['red', 0.8],
      ],
      width: 12,
    }),
    timeSeries({
      title: 'Memory for bodies',
      description: 'How full it is. What has no room is refused with 503.',
      unit: 'percentunit',
      queries: [[`request_body_bytes{${S}} / request_body_limit_bytes{${S}}`, '{{instance}}']],
      max: 1,
      thresholds: [
        ['transparent', null],
        ['red', 0.8],
      ],
      width: 12,
    }),
  ],
};

const STORE: Row = {
  title: 'Store',
  panels: [
    timeSeries({
      title: 'Database size',
      description: 'Of it, reusable is what new messages fill before it grows (SQLite).',
      unit: 'bytes',
      queries: [
        [`max by (job) (database_size_bytes{${S}})`, 'size'],
        [`max by (job) (database_reusable_bytes{${S}})`, 'reusable'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Disk',
      description:
        'The disk that SQLite is on, and what will be left of it in four days at the pace of the last six hours.',
      unit: 'bytes',
      queries: [
        [`database_disk_size_bytes{${S}}`, '{{instance}} size'],
        [`database_disk_available_bytes{${S}}`, '{{instance}} left'],
        [
          `clamp_min(predict_linear(database_disk_available_bytes{${S}}[6h], 4 * 86400), 0)`,
          '{{instance}} left in four days',
        ],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Stored messages',
      description: 'All that are there. It falls when messages are erased.',
      unit: 'short',
      queries: [[`max by (job) (stored_messages{${S}})`, 'messages']],
      width: 8,
    }),
    timeSeries({
      title: 'Derived data behind',
      description: 'Messages that the counters and the search index do not hold yet. Answers are right all the same.',
      unit: 'short',
      queries: [
        [`max by (job) (uncounted_messages{${S}})`, 'counters'],
        [`max by (job) (unindexed_messages{${S}})`, 'search index'],
      ],
      width: 12,
    }),
    timeSeries({
      title: 'Erased messages',
      description: 'By why: retention is RETENTION_DAYS.',
      unit: 'cps',
      queries: [[rate('cause', 'messages_erased_total'), '{{cause}}']],
      width: 12,
    }),
  ],
};

const PROCESS: Row = {
  title: 'Process',
  panels: [
    states(
      {
        title: 'Reached',
        description: 'Whether Prometheus reaches each instance.',
        unit: 'none',
        queries: [[`up{${S}}`, '{{instance}}']],
        width: 12,
      },
      { 0: 'away', 1: 'up' },
    ),
    states(
      {
        title: 'Checks of readiness',
        description: 'The same that /health/ready names.',
        unit: 'none',
        queries: [[`min by (instance, check) (readiness_check_passed{${S}})`, '{{instance}} {{check}}']],
        width: 12,
      },
      { 0: 'fails', 1: 'passes' },
    ),
    timeSeries({
      title: 'Processor',
      description: '1 is a whole processor. HTTP has one thread; the store and reads have others.',
      unit: 'percentunit',
      queries: [[rate('instance', 'process_cpu_seconds_total'), '{{instance}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Memory',
      description: 'Resident, and of it what JavaScript uses.',
      unit: 'bytes',
      queries: [
        [`process_resident_memory_bytes{${S}}`, '{{instance}} resident'],
        [`nodejs_heap_size_used_bytes{${S}}`, '{{instance}} heap'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Event loop lag',
      description: 'How long what is due waits for the thread that serves HTTP, between two scrapes.',
      unit: 's',
      queries: [
        [`nodejs_eventloop_lag_mean_seconds{${S}}`, '{{instance}} mean'],
        [`nodejs_eventloop_lag_p99_seconds{${S}}`, '{{instance}} p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Garbage collection',
      description: 'Share of the time that it takes.',
      unit: 'percentunit',
      queries: [[rate('instance, kind', 'nodejs_gc_duration_seconds_sum'), '{{instance}} {{kind}}']],
      width: 12,
    }),
    timeSeries({
      title: 'Open files',
      description: 'Connections and files. At the limit no connection is taken.',
      unit: 'percentunit',
      queries: [[`process_open_fds{${S}} / process_max_fds{${S}}`, '{{instance}}']],
      max: 1,
      width: 12,
    }),
  ],
};

export const ROWS: readonly Row[] = [GLANCE, WEBHOOKS, HTTP, COMMITS, STORE, PROCESS];
