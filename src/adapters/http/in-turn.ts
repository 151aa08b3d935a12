import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection that may be unanswered. */
export const MAX_PIPELINED = 100;

export interface InTurn {
  /** Handles a request when all before it on its connection are answered. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Calls back when all requests that have come whole on this connection are answered: at once when there is none. */
  readonly afterAnswers: (socket: Duplex, callback: () => void) => void;
}

/**
 * One request of a connection at a time. Node hands over all that are in a packet, a thousand of forty bytes, and keeps each answer
 * in memory until those before it are sent: one connection could ask for a thousand pages at once. Of more than
 * {@link MAX_PIPELINED} that wait, the connection is closed: none of them was acknowledged (RFC 9112, section 9.3.2).
 */
export function inTurn(handle: (request: IncomingMessage, response: ServerResponse) => void): InTurn {
  const waiting = new WeakMap<Duplex, [IncomingMessage, ServerResponse][]>();

  function start(queue: [IncomingMessage, ServerResponse][]): void {
    const [request, response] = queue[0] ?? [];
    if (request === undefined || response === undefined) return;
    response.once('close', () => {
      queue.shift();
      if (request.socket.writable) start(queue); // else it is closing: RFC 9112, section 9.6
    });
    handle(request, response);
  }

  return {
    handle(request, response) {
      const queue = waiting.get(request.socket) ?? [];
      if (queue.length === 0) waiting.set(request.socket, queue);
      if (queue.length === MAX_PIPELINED) {
        request.socket.destroy();
        return;
      }
      queue.push([request, response]);
      if (queue.length === 1) start(queue);
    },
    afterAnswers(socket, callback) {
      const [request, response] = waiting.get(socket)?.findLast(([{ complete }]) => complete) ?? [];
      if (request === undefined || response === undefined) callback();
      else response.once('close', callback);
    },
  };
}
