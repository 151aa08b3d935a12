import { StoreUnavailable } from '../../../application/ports/store.ts';
import type { LogFields } from '../../../application/ports/telemetry.ts';
import { Problem } from './problem.ts';

/** What is answered to whatever was thrown: 503 when the same request may succeed later, 500 for what nobody foresaw. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem('unavailable', { headers: { 'Retry-After': String(error.retryAfterSeconds) }, cause: error });
  }
  return new Problem('internal-error', { cause: error });
}

/** What Node calls a connection that is closed, reset or silent before its answer is at its end, or at its beginning. */
const CLIENT_GONE = new Set([
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE'],
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'],
]);

/** Whether all that went wrong is that the client has gone: no fault of ours. */
export function isClientGone(error: unknown): boolean {
  return CLIENT_GONE.has(String((error as NodeJS.ErrnoException | null)?.code));
}

/** An error and its causes, for the log and for nobody else. */
export function describe(error: unknown, withStack = true): LogFields {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    ...(withStack && { stack: error.stack }),
    ...(error.cause !== undefined && { cause: describe(error.cause, withStack) }),
  };
}
