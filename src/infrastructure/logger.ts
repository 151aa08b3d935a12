import winston from 'winston';
import type { Logger } from '../application/ports.ts';

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
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
  };
}
