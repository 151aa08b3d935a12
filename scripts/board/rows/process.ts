import { states, timeSeries, type Row } from '../panels.ts';
import { S, rate } from '../queries.ts';

export const PROCESS: Row = {
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
