/** Node's error codes for a connection that is closed, reset or silent before its answer was sent completely. */
const CLIENT_GONE = new Set([
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE'],
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'],
]);

/** Whether an error only says that the client has gone, which is no fault of the service. */
export function isClientGone(error: unknown): boolean {
  return CLIENT_GONE.has(String((error as NodeJS.ErrnoException | null)?.code));
}
