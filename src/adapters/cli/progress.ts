import { SingleBar } from 'cli-progress';

const LINE_EVERY_MS = 10_000;

export interface Progress {
  /** `total` is null if it is unknown. */
  readonly show: (phase: string, done: number, total: number | null) => void;
  /** Restores the terminal. */
  readonly end: () => void;
}

/** A bar for people; for a file or a pipe one line at the start of each phase and then every ten seconds. */
export function progressOn(stream: NodeJS.WriteStream, asBar: boolean): Progress {
  return asBar ? bar(stream) : lines(stream);
}

function bar(stream: NodeJS.WriteStream): Progress {
  const single = new SingleBar({
    stream,
    format: (_options, { progress, value, total, eta }, { phase, bounded }: Payload) =>
      barLine({ phase, share: bounded ? progress : null, value, total, eta }, stream.columns),
    hideCursor: true,
    gracefulExit: false, // it would end the process on Ctrl-C, in the middle of a commit
  });
  let current: string | null = null;
  return {
    show(phase, done, total) {
      const payload: Payload = { phase, bounded: total !== null };
      if (phase !== current) {
        single.stop();
        single.start(total ?? 0, done, payload);
      }
      current = phase;
      single.setTotal(Math.max(total ?? 0, done));
      single.update(done, payload);
    },
    end() {
      single.stop();
    },
  };
}

interface Payload {
  readonly phase: string;
  /** Whether the total is known. */
  readonly bounded: boolean;
}

const MOST_CELLS = 40;
const FEWEST_CELLS = 10;

/**
 * One line that fits into the columns of the terminal: the bar shrinks first, then goes.
 * @param state `share` is null if the total is unknown; `eta` is a word while it is (cli-progress: lib/eta.js)
 */
export function barLine(
  state: { phase: string; share: number | null; value: number; total: number; eta: number | string },
  columns: number,
): string {
  const { phase, share, value, total, eta } = state;
  // The last column stays free, because some terminals wrap when it is written.
  const width = (columns > 0 ? columns : 80) - 1;
  if (share === null) return `${phase.padEnd(9)} ${String(value)}`.slice(0, width);
  const count = `${String(Math.floor(share * 100))}% | ${String(value)}/${String(total)}`;
  const left = typeof eta === 'number' && value < total ? ` | ${duration(eta)} left` : '';
  const cells = Math.min(MOST_CELLS, width - `${phase.padEnd(9)} [] ${count}${left}`.length);
  if (cells < FEWEST_CELLS) return `${phase} ${count}${left}`.slice(0, width);
  const full = Math.round(share * cells);
  return `${phase.padEnd(9)} [${'='.repeat(full)}${'-'.repeat(cells - full)}] ${count}${left}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${String(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${String(minutes)}m${String(seconds % 60).padStart(2, '0')}s`
    : `${String(Math.floor(minutes / 60))}h${String(minutes % 60).padStart(2, '0')}m`;
}

function lines(stream: NodeJS.WriteStream): Progress {
  let current: string | null = null;
  let nextAt = 0;
  return {
    show(phase, done, total) {
      const now = performance.now();
      if (phase === current && now < nextAt) return;
      current = phase;
      nextAt = now + LINE_EVERY_MS;
      stream.write(`${phase} ${String(done)}${total === null ? '' : `/${String(total)}`}\n`);
    },
    end: () => undefined,
  };
}
