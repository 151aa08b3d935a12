/** The cases in which each alert fires, and those in which it does not: series as promtool's unit tests write them. */
export interface AlertCase {
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
}

export interface FiringCase extends AlertCase {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export interface AlertCases {
  /**
   * The time between the values of a series, and between evaluations.
   * @default 1m
   */
  readonly interval?: string;
  readonly fires: readonly FiringCase[];
  readonly quiet: readonly AlertCase[];
}

const JOB = { job: 'webhook-inbox' };
const A = { ...JOB, instance: 'a:8000' };
const B = { ...JOB, instance: 'b:8000' };
const of = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;

/** An instance that Prometheus reaches, and its readiness. */
const instance = (labels: typeof A, up: string, passed = '1x700') => ({
  [of('up', labels)]: up,
  ...Object.fromEntries(
    ['database', 'schema', 'webhook_secret'].map((check) => [
      of('readiness_check_passed', { ...labels, check }),
      check === 'database' ? passed : '1x700',
    ]),
  ),
});

/** Webhooks per minute that were stored within a second, stored later, and not stored. */
const webhooks = (inTime: string, late: string, failed: string, le = '1') => ({
  [of('webhook_request_duration_seconds_bucket', { ...A, result: 'created', le })]: inTime,
  [of('webhook_request_duration_seconds_count', { ...A, result: 'created' })]: inTime,
  [of('webhook_request_duration_seconds_bucket', { ...A, result: 'duplicate', le })]: '0x600',
  [of('webhook_request_duration_seconds_count', { ...A, result: 'duplicate' })]: late,
  [of('webhook_request_duration_seconds_count', { ...A, result: 'unavailable' })]: failed,
});

/** The durations of webhooks: how many of a hundred per minute took more than half a second. */
const durations = (slow: number, perMinute = 100) =>
  Object.fromEntries(
    [
      ['0.1', perMinute - slow],
      ['0.5', perMinute - slow],
      ['1', perMinute],
      ['+Inf', perMinute],
    ].flatMap(([le, count]) => [
      [
        of('webhook_request_duration_seconds_bucket', { ...A, result: 'created', le: String(le) }),
        `0+${String(count)}x60`,
      ],
      [of('webhook_request_duration_seconds_count', { ...A, result: 'created' }), `0+${String(perMinute)}x60`],
    ]),
  );

const disk = (available: string) => ({
  [of('database_disk_size_bytes', A)]: '1000x10000',
  [of('database_disk_available_bytes', A)]: available,
});

const commits = (committed: string, failed: string) => ({
  [of('commit_duration_seconds_count', { ...A, outcome: 'committed' })]: committed,
  [of('commit_duration_seconds_count', { ...A, outcome: 'failed' })]: failed,
});

const lag = (early: string, late: string) => ({
  [of('webhook_ingest_lag_seconds_bucket', { ...A, le: '1' })]: early,
  [of('webhook_ingest_lag_seconds_bucket', { ...A, le: '300' })]: early,
  [of('webhook_ingest_lag_seconds_bucket', { ...A, le: '900' })]: late,
  [of('webhook_ingest_lag_seconds_bucket', { ...A, le: '+Inf' })]: late,
});

const provider = (refused: string, verified: string, name = 'whatsapp') => ({
  [of('webhook_rejections_total', { ...A, provider: name, reason: 'wrong_digest' })]: refused,
  [of('webhook_verified_total', { ...A, provider: name, secret: 'current' })]: verified,
});

/** `slept`: the same of a second process, to which the provider sent at other times. */
const verified = (sent: string, name = 'whatsapp', slept?: string) => ({
  [of('webhook_verified_total', { ...A, provider: name })]: sent,
  ...(slept !== undefined && { [of('webhook_verified_total', { ...B, provider: name })]: slept }),
});

const WEEK = 7 * 24 * 4; // quarters of an hour

export const ALERT_CASES: Readonly<Record<string, AlertCases>> = {
  WebhookInboxDown: {
    fires: [
      { ...instance(A, '1 1 0x10'), ...instance(B, '0x10') },
      { ...instance(A, '1x20', '1 1 0x20') },
      { 'up{job="another",instance="c:1"}': '1x20' },
    ].map((series) => ({
      series,
      at: '5m',
      labels: { ...JOB, severity: 'critical' },
      summary: 'No instance of webhook-inbox accepts webhooks',
      description:
        'For a minute no instance was reachable and ready. Senders keep their webhooks and retry them for hours to days.',
    })),
    quiet: [
      { series: { ...instance(A, '0x20'), ...instance(B, '1x20') }, at: '10m' },
      { series: instance(A, '1 1 1 1 0'), at: '4m' },
      { series: { [of('up', A)]: '1x20' }, at: '10m' }, // a version without a readiness metric
    ],
  },

  WebhookInboxInstanceNotReady: {
    fires: [
      { ...instance(A, '0x20'), ...instance(B, '1x20') },
      { ...instance(A, '1x20', '0x20'), ...instance(B, '1x20') },
    ].map((series) => ({
      series,
      at: '10m',
      labels: { ...A, severity: 'warning' },
      summary: 'a:8000 is not ready',
      description: 'It is not reachable, or a readiness check fails; readiness_check_passed names the check.',
    })),
    quiet: [
      { series: instance(A, '0 0 0 1x20'), at: '10m' },
      { series: instance(A, '1x20'), at: '10m' },
    ],
  },

  WebhookInboxFewerInstances: {
    interval: '10m',
    fires: [
      { series: { ...instance(A, '1x60'), ...instance(B, '1x40 _x20', '1x40 _x20') }, at: '440m' },
      // Half a day later.
      { series: { ...instance(A, '1x700'), ...instance(B, '1x300 _x400', '1x300 _x400') }, at: '3720m' },
    ].map((one) => ({
      ...one,
      labels: { ...JOB, severity: 'warning' },
      summary: 'webhook-inbox has fewer instances than it had',
      description: 'Only 1 are ready. An instance is gone and was not replaced.',
    })),
    quiet: [
      { series: { ...instance(A, '1x700'), ...instance(B, '1x300 _x400', '1x300 _x400') }, at: '6300m' }, // a scale-down
      { series: { ...instance(A, '1x60'), ...instance(B, '1x40 _x1 1x20', '1x40 _x1 1x20') }, at: '420m' },
      { series: { ...instance(A, '1x60'), ...instance(B, '_x20 1x2 _x20', '_x20 1x2 _x20') }, at: '250m' },
      { series: { ...instance(A, '1x60'), ...instance(B, '1x40 0x20') }, at: '440m' }, // another alert names the replica
    ],
  },

  WebhookInboxMissesObjective: {
    fires: [
      webhooks('0+90x600', '0x600', '0+10x600'),
      webhooks('0+90x600', '0x600', '0+10x600', '1.0'),
      webhooks('0+90x600', '0+10x600', '0x600'),
    ].map((series) => ({
      series,
      at: '2h',
      labels: { ...JOB, severity: 'critical' },
      summary: 'webhook-inbox fails or delays webhooks',
      description:
        '10% of genuine webhooks were not answered 200 within a second. At this rate the error budget of the month, 0.1 %, is soon used up.',
    })),
    quiet: [
      { series: webhooks('0+995x600', '0x600', '0+5x600'), at: '8h' }, // 0.5 %
      { series: webhooks('0+90x600', '0x600', '0+10x60 600x540'), at: '2h' }, // it has ended
      { series: webhooks('0+1x600', '0x600', '0x110 0+1x5 5x400'), at: '118m' }, // five
      { series: webhooks('0x600', '0x600', '0x600'), at: '8h' },
    ],
  },

  WebhookInboxMissesObjectiveSlowly: {
    interval: '15m',
    fires: [
      {
        series: webhooks('0+998x400', '0x400', '0+2x400'),
        at: '75h',
        labels: { ...JOB, severity: 'warning' },
        summary: 'webhook-inbox fails or delays more webhooks than the objective allows',
        description:
          '0.2% of genuine webhooks in three days were not answered 200 within a second; the objective allows 0.1 %.',
      },
    ],
    quiet: [
      { series: webhooks('0+9995x400', '0x400', '0+5x400'), at: '75h' },
      { series: webhooks('0+998x400', '0x400', '0+2x240 480x160'), at: '75h' },
    ],
  },

  WebhookInboxSlow: {
    fires: [
      {
        series: durations(2),
        at: '40m',
        labels: { ...JOB, severity: 'warning' },
        summary: 'webhook-inbox accepts webhooks slowly',
        description: 'One webhook in a hundred took longer than 750ms for a quarter of an hour.',
      },
    ],
    quiet: [
      { series: durations(0), at: '40m' },
      { series: durations(2, 5), at: '40m' }, // a few per minute, of which one alone says little
      { series: durations(2), at: '12m' },
    ],
  },

  WebhookInboxQueueFilling: {
    fires: [
      {
        series: { [of('commit_queue_messages', A)]: '0 900x10', [of('commit_queue_limit_messages', A)]: '1000x11' },
        at: '5m',
        labels: { ...A, severity: 'warning' },
        summary: 'a:8000 receives more than it can store',
        description: 'Its commit queue is 90% full. When it is full, webhooks get 503.',
      },
    ],
    quiet: [
      {
        series: { [of('commit_queue_messages', A)]: '700x10', [of('commit_queue_limit_messages', A)]: '1000x10' },
        at: '8m',
      },
      {
        series: {
          [of('commit_queue_messages', A)]: '900 0 900 0 900 0',
          [of('commit_queue_limit_messages', A)]: '1000x6',
        },
        at: '4m',
      },
    ],
  },

  WebhookInboxCommitsFailing: {
    fires: [
      {
        series: commits('0+3x30', '0+1x30'),
        at: '15m',
        labels: { ...A, severity: 'warning' },
        summary: 'a:8000 cannot store messages',
        description: '25% of its commits fail.',
      },
    ],
    quiet: [
      { series: commits('0+100x30', '0+1x30'), at: '15m' },
      { series: commits('0+3x30', '0 1x29'), at: '15m' }, // a message that cannot be stored
      { series: commits('0x30', '0x30'), at: '15m' },
    ],
  },

  WebhookInboxDiskAlmostFull: {
    fires: [
      {
        series: disk('40x30'),
        at: '10m',
        labels: { ...A, severity: 'critical' },
        summary: 'The disk of a:8000 is almost full',
        description: 'Less than 5 % of it is free, or it will be full within four hours. Then every webhook gets 503.',
      },
      {
        series: disk('250-1x100'),
        at: '80m',
        labels: { ...A, severity: 'critical' },
        summary: 'The disk of a:8000 is almost full',
        description: 'Less than 5 % of it is free, or it will be full within four hours. Then every webhook gets 503.',
      },
    ],
    quiet: [
      { series: disk('500-1x100'), at: '80m' }, // full in seven hours
      { series: disk('150x100'), at: '80m' }, // and stays at this size
      { series: { [of('database_size_bytes', A)]: '1+1000x100' }, at: '80m' }, // PostgreSQL: the size of its disk is unknown
    ],
  },

  WebhookInboxDiskFilling: {
    fires: [
      {
        series: disk('500-0.1x600'),
        at: '8h',
        labels: { ...A, severity: 'warning' },
        summary: 'The disk of a:8000 will be full in four days',
        description: 'At the rate of the last six hours, the free space lasts less than four days.',
      },
    ],
    quiet: [
      { series: disk('500-0.01x600'), at: '8h' },
      { series: disk('990-0.5x600'), at: '8h' }, // half of it is left
      { series: disk('500-0.1x300 470+10x3 500x400'), at: '11h' }, // something was deleted
    ],
  },

  WebhookInboxDerivedDataBehind: {
    fires: [
      { [of('uncounted_messages', A)]: '250000x60' },
      { [of('uncounted_messages', A)]: '0x60', [of('unindexed_messages', A)]: '250000x60' },
    ].map((series) => ({
      series,
      at: '45m',
      labels: { ...JOB, severity: 'warning' },
      summary: 'Counters or search index of webhook-inbox are behind',
      description: '250k messages are not yet counted or indexed. Answers stay correct but get slower.',
    })),
    quiet: [
      { series: { [of('uncounted_messages', A)]: '900x60', [of('unindexed_messages', A)]: '1000x60' }, at: '45m' },
      { series: { [of('unindexed_messages', A)]: '3000000-150000x20' }, at: '20m' }, // the index is being rebuilt
    ],
  },

  WebhookInboxBackgroundStepFailing: {
    fires: [
      {
        series: {
          [`background_step_failing{job="webhook-inbox",instance="a:8000",step="search_index"}`]: '0 1x40',
          [`background_step_failing{job="webhook-inbox",instance="a:8000",step="counters"}`]: '0x40',
        },
        at: '20m',
        labels: { ...JOB, step: 'search_index', severity: 'warning' },
        summary: 'The background step search_index of webhook-inbox fails',
        description: 'It has failed for 15 minutes and is retried. Messages are still stored and served.',
      },
    ],
    quiet: [
      {
        series: { [`background_step_failing{job="webhook-inbox",instance="a:8000",step="retention"}`]: '1x10 0x40' },
        at: '20m',
      },
    ],
  },
  WebhookInboxRetentionBlocked: {
    fires: [
      {
        series: { [of('retention_blocked', A)]: '1x30' },
        at: '10m',
        labels: { ...A, severity: 'warning' },
        summary: 'a:8000 erases no old messages',
        description:
          'Its clock may be wrong, or a run would erase most of the messages. Its log says which, and what to do.',
      },
    ],
    quiet: [{ series: { [of('retention_blocked', A)]: '0x30' }, at: '10m' }],
  },

  WebhookInboxMessagesLate: {
    fires: [
      {
        series: lag('0+1x60', '0+10x60'),
        at: '45m',
        labels: { ...JOB, severity: 'warning' },
        summary: 'Messages reach webhook-inbox late',
        description: 'Half of them were sent more than 9m 26s before they were stored.',
      },
    ],
    quiet: [
      { series: lag('0+9x60', '0+10x60'), at: '45m' }, // one in ten
      { series: lag('0x60', '0x60'), at: '45m' },
    ],
  },

  WebhookInboxProviderRefused: {
    fires: [
      { series: provider('0x60 0+10x60', '0+10x60 600x60'), at: '100m' },
      // For more than a day, while another provider is fine.
      {
        series: { ...provider('0x60 0+10x1600', '0+10x60 600x1600'), ...provider('0x1700', '0+100x1700', 'twilio') },
        at: '1600m',
      },
      // The provider backs off, then gives up.
      { series: provider('0x60 0+10x30 300+1x30 330x600', '0+10x60 600x700'), at: '600m' },
      // All processes restart meanwhile.
      { series: provider('0x60 0+10x30 _x5 0x600', '0+10x60 600x30 _x5 0x600'), at: '600m' },
      // One sender of two has the wrong secret, and both pause.
      { series: provider('0x60 0+10x30 300x600', '0+10x90 900x600'), at: '600m' },
    ].map((one) => ({
      ...one,
      labels: { ...JOB, provider: 'whatsapp', severity: 'warning' },
      summary: 'Webhooks of whatsapp are rejected',
      description:
        'More than a quarter of its webhooks were rejected, and it has not sent successfully since. GET /rejections says why.',
    })),
    quiet: [
      { series: provider('0x60 0+10x60 600x300', '0+10x60 600x70 600+10x300'), at: '200m' }, // it sends again
      { series: provider('0x60 0+10x60 600x300', '0+10x60 600x70 600+10x5 650x300'), at: '400m' }, // it sent, and pauses
      { series: provider('0x60 0+10x60 600x40 _x300', '0+10x60 600x100 _x300'), at: '300m' }, // it has no secret any more
      { series: provider('0+10x120', '0x120'), at: '100m' }, // strangers only
      { series: provider('0+10x120', '0+100x120'), at: '100m' }, // strangers among many
      { series: provider('0+1x120', '0+1x120'), at: '100m' }, // few
    ],
  },

  WebhookInboxConnectionsDropped: {
    fires: [
      {
        series: { [of('http_connections_dropped_total', A)]: '0+10x30' },
        at: '20m',
        labels: { ...A, severity: 'warning' },
        summary: 'a:8000 closes new connections at once',
        description: 'It reached its connection limit and closed 100 connections in ten minutes.',
      },
    ],
    quiet: [{ series: { [of('http_connections_dropped_total', A)]: '50x30' }, at: '20m' }],
  },

  WebhookInboxSilent: {
    interval: '15m',
    fires: [
      { series: verified(`0+30x${String(WEEK)} 20160x20`), at: WEEK + 8 },
      // Another provider still sends.
      {
        series: { ...verified(`0+30x${String(WEEK)} 20160x20`), ...verified(`0+30x${String(WEEK + 20)}`, 'twilio') },
        at: WEEK + 8,
      },
      // A week before, nothing was sent at this time of the night.
      {
        series: verified(`0+30x${String(WEEK)} 20160x60`, 'whatsapp', `0+30x16 480x${String(WEEK + 44)}`),
        at: WEEK + 40,
      },
      // More than a week.
      { series: verified(`0+30x${String(WEEK)} 20160x${String(WEEK + 60)}`), at: 2 * WEEK + 40 },
    ].map(({ series, at }) => ({
      series,
      at: `${String(at * 15)}m`,
      labels: { ...JOB, provider: 'whatsapp', severity: 'warning' },
      summary: 'No webhook of whatsapp has reached webhook-inbox for an hour',
      description:
        'A week before, there were webhooks at this time. The service may be ready, but its webhooks do not reach it.',
    })),
    quiet: [
      // It sends again.
      { series: verified(`0+30x${String(WEEK)} 20160x20 20160+30x20`), at: `${String((WEEK + 30) * 15)}m` },
      // It has no secret any more.
      { series: verified(`0+30x${String(WEEK)} 20160x20 _x40`), at: `${String((WEEK + 40) * 15)}m` },
      {
        series: { [of('webhook_verified_total', { ...A, provider: 'whatsapp' })]: `0+30x${String(WEEK + 20)}` },
        at: `${String((WEEK + 8) * 15)}m`,
      },
      {
        series: { [of('webhook_verified_total', { ...A, provider: 'whatsapp' })]: `0x${String(WEEK + 20)}` },
        at: `${String((WEEK + 8) * 15)}m`,
      },
    ],
  },
};
