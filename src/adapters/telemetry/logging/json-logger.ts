import winston from 'winston';
import Transport from 'winston-transport';
import type { LogFields, Logger } from '../../../application/ports/telemetry.ts';

/** Under which winston's formats leave the finished line (the triple-beam package). */
const MESSAGE = Symbol.for('message');

/**
 * Characters that JSON.stringify keeps but readers of lines may interpret: line ends (U+0085, U+2028), terminal control
 * (U+009B) and text direction (U+202E). A message id may contain some of them.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The values of LOG_LEVEL, because a log line and the setting should use the same names. */
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
    JSON.stringify({ ts: timestamp, level: LEVEL_NAMES[severity] ?? severity, message, ...fields }).replaceAll(
      INVISIBLE,
      escaped,
    ),
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

/** As JSON writes it, by its UTF-16 units. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}
