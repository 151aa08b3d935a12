import { constants, openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import sonicBoom from 'sonic-boom';

/** Maximum bytes that wait for the reader of the log; a reader that stops must not block the service or fill its memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export interface LogDestination {
  readonly stream: Writable;
  /**
   * Resolves when all waiting bytes are written, or after this time if the reader does not take them. Call it before the process exits.
   * Never rejects.
   */
  flush(maxMilliseconds: number): Promise<void>;
}

/**
 * Writes to standard output in the background, all waiting lines at once. A synchronous write to a pipe or a file would
 * block the event loop, for ever if nobody reads. Lines above the limit are dropped and counted.
 */
export function logDestination(onDropped: (lines: number) => void, fd: number = process.stdout.fd): LogDestination {
  const output = new sonicBoom.SonicBoom({ fd: withoutBlocking(fd), sync: false, maxLength: MAX_WAITING_BYTES });
  let dropped = 0;
  output.on('drop', () => dropped++);
  output.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    onDropped(lines);
  });
  output.on('error', () => undefined); // the reader is gone (EPIPE): keep serving without a log
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      output.write(line);
      done();
    },
  });
  return {
    stream,
    // Not flushSync: it overtakes a write that is under way, and it retries for ever while a reader stands still.
    flush: (maxMilliseconds) =>
      new Promise((resolve) => {
        const timeout = setTimeout(resolve, maxMilliseconds);
        output.flush(() => {
          clearTimeout(timeout);
          resolve();
        });
      }),
  };
}

/**
 * A descriptor whose writes fail instead of waiting for a reader. Node makes pipes and sockets so, but not a terminal, which Ctrl-S stops: it is
 * opened again, because the mode of this descriptor belongs to the shell, too.
 */
function withoutBlocking(fd: number): number {
  if (!isatty(fd)) return fd;
  try {
    return openSync(`/proc/self/fd/${String(fd)}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd; // not on Linux, or the terminal belongs to another user
  }
}
