import { Writable } from 'node:stream';
import sonicBoom from 'sonic-boom';

/** Maximum bytes that wait for the reader of the log; a reader that stops must not block the service or fill its memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export interface LogDestination {
  readonly stream: Writable;
  /** Writes all waiting bytes. Call it before the process exits. */
  flush(): void;
}

/**
 * Writes to standard output in the background, all waiting lines at once. A synchronous write to a pipe or a file would
 * block the event loop, for ever if nobody reads. Lines above the limit are dropped and counted.
 */
export function logDestination(onDropped: (lines: number) => void, fd: number = process.stdout.fd): LogDestination {
  const output = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: MAX_WAITING_BYTES });
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
    flush() {
      try {
        output.flushSync();
      } catch {
        // the log is gone, and the process is about to exit
      }
    },
  };
}
