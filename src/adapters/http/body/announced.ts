import type { IncomingMessage } from 'node:http';

/** Whether a request says that a body follows. */
export function announcesBody(request: IncomingMessage): boolean {
  return isChunked(request.headers) || declaredLength(request) > 0;
}

/** The length of the body that the head declares, in bytes; 0 if it declares none. */
export function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

/** Whether the body comes in chunks. Each may be a single byte, in a Buffer that takes some 450 bytes. */
export function isChunked(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined;
}
