import { timeSeries, type Row } from '../panels.ts';
import { S, rate } from '../queries.ts';

export const STORE: Row = {
  title: 'Store',
  panels: [
    timeSeries({
      title: 'Database size',
      description: 'New messages fill the reusable part before the database grows (SQLite).',
      unit: 'bytes',
      queries: [
        [`max by (job) (database_size_bytes{${S}})`, 'size'],
        [`max by (job) (database_reusable_bytes{${S}})`, 'reusable'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Disk',
      description: "Free space on SQLite's disk, now and in four days at the rate of the last six hours.",
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
      description: 'Stored messages. The number falls when messages are erased.',
      unit: 'short',
      queries: [[`max by (job) (stored_messages{${S}})`, 'messages']],
      width: 8,
    }),
    timeSeries({
      title: 'Derived data behind',
      description: 'Messages that are not yet counted or indexed. Answers are correct nevertheless.',
      unit: 'short',
      queries: [
        [`max by (job) (uncounted_messages{${S}})`, 'counters'],
        [`max by (job) (unindexed_messages{${S}})`, 'search index'],
      ],
      width: 12,
    }),
    timeSeries({
      title: 'Erased messages',
      description: 'Erased messages by reason: retention is RETENTION_DAYS.',
      unit: 'cps',
      queries: [[rate('cause', 'messages_erased_total'), '{{cause}}']],
      width: 12,
    }),
  ],
};
