import winston from 'winston';
import type { LogFields, Logger } from '../application/ports.ts';

/** The words that LOG_LEVEL takes, so that a line and the setting that shows it speak of the same thing. */
const LEVEL_NAMES: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/** One JSON object a line on `stream`, beginning with `ts` (ISO 8601, UTC, ms) and `level`. */
export function jsonLogger(level: string, stream: NodeJS.WritableStream = process.stdout): Logger {
  const line = winston.format.printf(({ level: severity, message, timestamp, ...fields }) =>
    JSON.stringify({ ts: timestamp, level: LEVEL_NAMES[severity] ?? severity, message, ...fields }),
  );
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(winston.format.timestamp(), line),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
  });
  // As one object: winston would read `%` in a message of its own as a placeholder, and mix fields into it.
  const write =
    (severity: string) =>
    (message: string, fields?: LogFields): void =>
      void logger.log({ ...fields, level: severity, message });
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
