import { Writable } from 'node:stream';
import sonicBoom from 'sonic-boom';

/** Maximum bytes that wait for the reader of the log; a reader that stops must not block the service or fill its memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export interface LogDestination {
  readonly stream: Writable;
  /** Writes what waits. To be called before the process ends. */
  flush(): void;
}

/**
 * Standard output, written in the background and in one go with what has come meanwhile: a write to a pipe or a file would
 * otherwise stop the event loop, for ever if nobody reads. Lines that find no room are dropped and counted.
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
  output.on('error', () => undefined); // nobody reads any more (EPIPE): serve on without a log
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
        // the log is gone; the process is about to be, too
      }
    },
  };
}
