import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { USUAL_SECURITY_HEADERS } from '../middleware/security-headers.ts';
import { Problem } from '../problem.ts';

/** The status lines for error codes of Node's parser; every other error is a bad request. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

const SECURITY_HEADERS = USUAL_SECURITY_HEADERS.map(([name, value]) => `${name}: ${value}\r\n`).join('');

/** How long sending the answer may take. */
const ANSWER_MS = 1_000;

export interface UnreadableAnswer {
  readonly requestId: string;
  readonly status: number;
}

/**
 * Answers bytes that are no HTTP request, and so reach no operation, with problem details like every other error. The connection
 * is closed in any case: Node checks a timeout only once, and a slow client could otherwise keep it open for ever.
 * @param onAnswer called unless the client has gone already
 * @param requestId the id of the request whose body cannot be read, if its head could
 */
export function answerUnreadableRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  onAnswer: (answer: UnreadableAnswer) => void = () => undefined,
  requestId: string = randomUUID(),
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [statusLine = '400 Bad Request'] = [STATUS_LINES[error.code ?? '']];
  const status = Number(statusLine.slice(0, 3));
  const body = JSON.stringify({ ...new Problem('bad-request').body(requestId), status, title: statusLine.slice(4) });
  const closing = setTimeout(() => socket.destroy(), ANSWER_MS);
  socket.once('close', () => {
    clearTimeout(closing);
  });
  socket.end(
    `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n` +
      `${SECURITY_HEADERS}X-Request-ID: ${requestId}\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
  onAnswer({ requestId, status });
}
