import { timeSeries, type Row } from '../panels.ts';
import { S, rate, quantile } from '../queries.ts';

export const COMMITS: Row = {
  title: 'Commits',
  panels: [
    timeSeries({
      title: 'Commit duration',
      description: 'Time that the disk or PostgreSQL needs for a commit. All waiting webhooks share the next one.',
      unit: 's',
      queries: [
        [quantile(0.5, 'outcome', 'commit_duration_seconds'), '{{outcome}} p50'],
        [quantile(0.99, 'outcome', 'commit_duration_seconds'), '{{outcome}} p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Commits',
      description: 'Commits by outcome. After a failed commit, each message is retried by itself.',
      unit: 'cps',
      queries: [[rate('outcome', 'commit_duration_seconds_count'), '{{outcome}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Messages in a commit',
      description: 'Few: the service is idle, or each sender waits for its answer. Many: the disk is the limit.',
      unit: 'none',
      queries: [
        [`${rate('job', 'commit_batch_messages_sum')} / ${rate('job', 'commit_batch_messages_count')}`, 'mean'],
        [quantile(0.99, '', 'commit_batch_messages'), 'p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Commit queue',
      description: 'Share of the queue in use by messages that wait for a commit. At 100 % webhooks get 503.',
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
      title: 'Memory for bodies and answers',
      description:
        'Share in use of the memory for request bodies, and of that for answers that clients have not read. At 100 % requests get 503.',
      unit: 'percentunit',
      queries: [
        [`request_body_bytes{${S}} / request_body_limit_bytes{${S}}`, '{{instance}} bodies'],
        [`response_unread_bytes{${S}} / response_unread_limit_bytes{${S}}`, '{{instance}} answers'],
      ],
      max: 1,
      thresholds: [
        ['transparent', null],
        ['red', 0.8],
      ],
      width: 12,
    }),
  ],
};
