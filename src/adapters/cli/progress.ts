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
    format: '{phase} [{bar}] {percentage}% | {value}/{total} | {eta_formatted}',
    hideCursor: true,
    gracefulExit: false, // it would end the process on Ctrl-C, in the middle of a commit
  });
  let current: string | null = null;
  return {
    show(phase, done, total) {
      if (phase !== current) {
        single.stop();
        single.start(total ?? 0, done, { phase: phase.padEnd(9) });
      }
      current = phase;
      single.setTotal(Math.max(total ?? 0, done));
      single.update(done);
    },
    end() {
      single.stop();
    },
  };
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
