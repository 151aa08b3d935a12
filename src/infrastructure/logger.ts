import winston from 'winston';
import Transport from 'winston-transport';
import type { LogFields, Logger } from '../application/ports.ts';

/** Under which winston's formats leave the finished line (the triple-beam package). */
const MESSAGE = Symbol.for('message');

/** The words that LOG_LEVEL takes, so that a line and the setting that shows it speak of the same thing. */
const LEVEL_NAMES: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/** winston's own stream transport would add a second stream to the way of each line. */
class LineTransport extends Transport {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    super();
    this.#stream = stream;
  }

  override log(info: Record<symbol, unknown>, next: () => void): void {
    this.#stream.write(`${String(info[MESSAGE])}\n`);
    next();
  }
}

/** One JSON object a line on `stream`, beginning with `ts` (ISO 8601, UTC, ms) and `level`. */
export function jsonLogger(level: string, stream: NodeJS.WritableStream = process.stdout): Logger {
  const line = winston.format.printf(({ level: severity, message, timestamp, ...fields }) =>
    JSON.stringify({ ts: timestamp, level: LEVEL_NAMES[severity] ?? severity, message, ...fields }),
  );
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), line),
    transports: [new LineTransport(stream)],
  });
  // As one object: winston would read `%` in a message of its own as a placeholder, and mix fields into it.
  const write =
    (severity: string) =>
    (message: string, fields?: LogFields): void =>
      void logger.log({ ...fields, level: severity, message });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
