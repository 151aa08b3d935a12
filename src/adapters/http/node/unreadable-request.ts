import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Problem } from '../middleware/problem.ts';

/** What Node's parser refuses, by its error code; everything else is a bad request. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** How long the answer may take to go out. */
const ANSWER_MS = 1_000;

/**
 * Answers what could not be read as an HTTP request, and so reaches no operation, in the form of all other errors. The connection
 * is closed then, whatever its other end does: Node looks for timeouts only once, and who was too slow could go on for ever.
 */
export function answerUnreadableRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const [statusLine = '400 Bad Request'] = [STATUS_LINES[error.code ?? '']];
  const status = Number(statusLine.slice(0, 3));
  const body = JSON.stringify({ ...new Problem('bad-request').body(requestId), status, title: statusLine.slice(4) });
  const closing = setTimeout(() => socket.destroy(), ANSWER_MS);
  socket.once('close', () => {
    clearTimeout(closing);
  });
  socket.end(
    `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `X-Request-ID: ${requestId}\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
