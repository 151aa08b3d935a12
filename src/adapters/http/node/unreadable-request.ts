import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Problem } from '../problem.ts';

/** The status lines for error codes of Node's parser; every other error is a bad request. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** How long sending the answer may take. */
const ANSWER_MS = 1_000;

/**
 * Answers bytes that are no HTTP request, and so reach no operation, with problem details like every other error. The connection
 * is closed in any case: Node checks a timeout only once, and a slow client could otherwise keep it open for ever.
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
