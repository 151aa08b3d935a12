import { Writable } from 'node:stream';
import type { LeakWatch } from './leak-watch.ts';

export type LogRecord = Readonly<Record<string, unknown>>;

/**
 * The log of a service as it arrives, with each line checked for confidential values. A line that is not one
 * JSON object is an error.
 */
export class LogLines extends Writable {
  readonly records: LogRecord[] = [];
  text = '';
  readonly #watch: LeakWatch;
  readonly #leaks: string[] = [];
  #unfinished = '';

  constructor(watch: LeakWatch) {
    super();
    this.#watch = watch;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.text += chunk.toString();
    const lines = (this.#unfinished + chunk.toString()).split('\n');
    this.#unfinished = lines.pop() ?? '';
    try {
      for (const line of lines) this.#take(line);
      done();
    } catch (error) {
      done(new Error(`not a line of JSON: ${lines.join('\n')}`, { cause: error }));
    }
    this.emit('line');
  }

  #take(line: string): void {
    this.records.push(JSON.parse(line) as LogRecord);
    const leaks = this.#watch.leaks(line);
    if (leaks.length > 0) this.#leaks.push(`${leaks.map((leak) => JSON.stringify(leak)).join(', ')} in ${line}`);
  }

  /** Call it when no more lines follow. */
  throwLeaks(): void {
    if (this.#leaks.length > 0) throw new Error(`in the log, where it must not be:\n${this.#leaks.join('\n')}`);
  }

  /** The lines of requests. */
  get requests(): LogRecord[] {
    return this.records.filter(({ message }) => message === 'request');
  }

  /** The first record that matches, now or when it arrives. */
  async first(fits: (record: LogRecord) => boolean): Promise<LogRecord> {
    for (;;) {
      const found = this.records.find(fits);
      if (found !== undefined) return found;
      await new Promise((resolve) => this.once('line', resolve));
    }
  }

  requestWith(requestId: string | null): Promise<LogRecord> {
    return this.first(({ message, request_id: id }) => message === 'request' && id === requestId);
  }
}
