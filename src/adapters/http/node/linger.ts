import type { IncomingMessage } from 'node:http';

/**
 * Lets the answer arrive that closes a connection in the middle of a body. A connection that is closed with bytes unread is reset, and
 * the reset takes the answer away from a sender who is still sending, be it this body or what follows it (RFC 9112, section 9.6).
 * So only our end is closed after the answer; the other one when the sender has closed theirs, or after `lingerMs`.
 */
export function lingerAfterAnswer(request: IncomingMessage, lingerMs: number): void {
  const { socket } = request;
  const destroy = (): void => void socket.destroy();
  // What Node calls when an answer with Connection: close has gone out.
  socket.destroySoon = () => {
    const limit = setTimeout(destroy, lingerMs);
    socket.once('close', () => {
      clearTimeout(limit);
    });
    request.resume();
    socket.end(); // with the sender's end there, too, the socket destroys itself
  };
}
