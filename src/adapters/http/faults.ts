import { StoreUnavailable, type LogFields } from '../../application/ports.ts';
import { Problem } from './problem.ts';

/** What is answered to whatever was thrown: 503 when the same request may succeed later, 500 for what nobody foresaw. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem('unavailable', { headers: { 'Retry-After': String(error.retryAfterSeconds) }, cause: error });
  }
  return new Problem('internal-error', { cause: error });
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
