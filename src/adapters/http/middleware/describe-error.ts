import type { LogFields } from '../../../application/ports/telemetry.ts';

/** An error and its causes as log fields. They are for the log only: messages and stacks never go into an answer. */
export function describeError(error: unknown, withStack = true): LogFields {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    ...(withStack && { stack: error.stack }),
    ...(error.cause !== undefined && { cause: describeError(error.cause, withStack) }),
  };
}
