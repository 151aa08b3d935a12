import type { IncomingMessage } from 'node:http';

/**
 * Makes sure that an answer in the middle of a body arrives although it closes the connection. The kernel resets a connection that is
 * closed with unread bytes, and the reset discards the answer of a client that is still sending (RFC 9112, section 9.6).
 * So only our end is closed after the answer. The socket is destroyed when the client closes its end, or after `lingerMs`.
 */
export function lingerAfterAnswer(request: IncomingMessage, lingerMs: number): void {
  const { socket } = request;
  const destroy = (): void => void socket.destroy();
  // Node calls it after an answer with Connection: close.
  socket.destroySoon = () => {
    const limit = setTimeout(destroy, lingerMs);
    socket.once('close', () => {
      clearTimeout(limit);
    });
    request.resume();
    socket.end(); // the socket destroys itself when the client has closed its end, too
  };
}
