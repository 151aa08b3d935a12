import { states, timeSeries, type Row } from '../panels.ts';
import { S, rate } from '../queries.ts';

export const PROCESS: Row = {
  title: 'Process',
  panels: [
    states(
      {
        title: 'Reached',
        description: 'Shows whether Prometheus reaches each instance.',
        unit: 'none',
        queries: [[`up{${S}}`, '{{instance}}']],
        width: 12,
      },
      { 0: 'away', 1: 'up' },
    ),
    states(
      {
        title: 'Checks of readiness',
        description: 'The checks of /health/ready.',
        unit: 'none',
        queries: [[`min by (instance, check) (readiness_check_passed{${S}})`, '{{instance}} {{check}}']],
        width: 12,
      },
      { 0: 'fails', 1: 'passes' },
    ),
    timeSeries({
      title: 'Processor',
      description: '1 is a whole processor. HTTP uses one thread; the store and reads use others.',
      unit: 'percentunit',
      queries: [[rate('instance', 'process_cpu_seconds_total'), '{{instance}}']],
      width: 8,
    }),
    timeSeries({
      title: 'Memory',
      description: 'Resident memory, and the part that JavaScript uses.',
      unit: 'bytes',
      queries: [
        [`process_resident_memory_bytes{${S}}`, '{{instance}} resident'],
        [`nodejs_heap_size_used_bytes{${S}}`, '{{instance}} heap'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Event loop lag',
      description: 'How long due work waits for the thread that serves HTTP, between two scrapes.',
      unit: 's',
      queries: [
        [`nodejs_eventloop_lag_mean_seconds{${S}}`, '{{instance}} mean'],
        [`nodejs_eventloop_lag_p99_seconds{${S}}`, '{{instance}} p99'],
      ],
      width: 8,
    }),
    timeSeries({
      title: 'Garbage collection',
      description: 'Share of time spent on garbage collection.',
      unit: 'percentunit',
      queries: [[rate('instance, kind', 'nodejs_gc_duration_seconds_sum'), '{{instance}} {{kind}}']],
      width: 12,
    }),
    timeSeries({
      title: 'Open files',
      description: 'Open connections and files. At the limit no connection is accepted.',
      unit: 'percentunit',
      queries: [[`process_open_fds{${S}} / process_max_fds{${S}}`, '{{instance}}']],
      max: 1,
      width: 12,
    }),
  ],
};
