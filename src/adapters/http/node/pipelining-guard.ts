import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { announcesBody, isChunked } from '../body/announced.ts';

/** Requests of one connection that may be unanswered. */
export const MAX_PIPELINED = 100;

export interface PipeliningGuard {
  /** Handles a request when all before it on its connection are answered. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Calls back when all requests that have come whole on this connection are answered: at once when there is none. */
  readonly afterAnswers: (socket: Duplex, callback: () => void) => void;
}

/**
 * One request of a connection at a time. Node hands over all that are in a packet, a thousand of forty bytes, and keeps each answer
 * in memory until those before it are sent: one connection could ask for a thousand pages at once. Of more than
 * {@link MAX_PIPELINED} that wait, the connection is closed: none of them was acknowledged (RFC 9112, section 9.3.2).
 *
 * A body is taken from the network in its request's turn only, when it counts in the budget for bodies: while one waits, no more is
 * read than came with it, at most 64 KiB. Chunks could make megabytes of that, so one that waits with such a body closes the
 * connection, too.
 */
export function pipeliningGuard(handle: (request: IncomingMessage, response: ServerResponse) => void): PipeliningGuard {
  const waiting = new WeakMap<Duplex, [IncomingMessage, ServerResponse][]>();
  const held = new WeakSet<Duplex>();

  /** Reads no more of a connection for now. */
  function hold(socket: Duplex): void {
    if (held.has(socket)) return;
    held.add(socket);
    socket.pause();
    // The body itself asks for more until it has 64 KiB, though nobody reads it.
    const pauseAgain = (): void => {
      if (held.has(socket)) socket.pause();
      else socket.off('resume', pauseAgain);
    };
    socket.on('resume', pauseAgain);
  }

  /** What comes on a connection that is closing is read, or it would be reset, but not done (RFC 9112, section 9.6). */
  function drop(queue: readonly [IncomingMessage, ServerResponse][]): void {
    for (const [request] of queue) {
      if (held.delete(request.socket)) request.socket.resume();
      request.resume();
    }
  }

  function start(queue: [IncomingMessage, ServerResponse][]): void {
    const [request, response] = queue[0] ?? [];
    if (request === undefined || response === undefined) return;
    response.once('close', () => {
      queue.shift();
      if (request.socket.writable) start(queue);
      else drop(queue.splice(0));
    });
    const bodyWaits = queue.some(([other]) => other !== request && announcesBody(other));
    if (!bodyWaits && held.delete(request.socket)) request.socket.resume();
    handle(request, response);
  }

  return {
    handle(request, response) {
      if (!request.socket.writable) {
        drop([[request, response]]);
        return;
      }
      const queue = waiting.get(request.socket) ?? [];
      if (queue.length === 0) waiting.set(request.socket, queue);
      const waits = queue.length > 0;
      if (queue.length === MAX_PIPELINED || (waits && isChunked(request.headers))) {
        request.socket.destroy();
        return;
      }
      queue.push([request, response]);
      if (!waits) start(queue);
      else if (announcesBody(request)) hold(request.socket);
    },
    afterAnswers(socket, callback) {
      const [request, response] = waiting.get(socket)?.findLast(([{ complete }]) => complete) ?? [];
      if (request === undefined || response === undefined) callback();
      else response.once('close', callback);
    },
  };
}
