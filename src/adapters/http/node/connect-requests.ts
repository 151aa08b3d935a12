import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { PipeliningGuard } from './pipelining-guard.ts';

/** How long the client may take to receive the answer and to close the connection, in ms. */
const CLOSING_MS = 1_000;

/** Answers CONNECT like every other request, and then closes the connection: Node would close it without an answer. */
export function answerConnect(guard: PipeliningGuard): (request: IncomingMessage, socket: Duplex) => void {
  return (request, socket) => {
    // Node has removed its own listeners.
    socket.on('error', () => undefined);
    guard.afterAnswers(socket, () => {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as Socket);
      response.once('finish', () => {
        const closing = setTimeout(() => socket.destroy(), CLOSING_MS);
        socket.once('close', () => {
          clearTimeout(closing);
        });
        socket.resume(); // unread bytes would cause a reset
        socket.end();
      });
      guard.handle(request, response);
    });
  };
}
