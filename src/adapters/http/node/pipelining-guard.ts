import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { announcesBody, isChunked } from '../body/announced.ts';

/** The maximum of unanswered requests of one connection. */
export const MAX_PIPELINED = 100;

export interface PipeliningGuard {
  /** Handles a request when all earlier ones of its connection are answered. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Calls back when all complete requests of this connection are answered: at once if there is none. */
  readonly afterAnswers: (socket: Duplex, callback: () => void) => void;
  /** The response to the request of this connection whose body has not arrived completely, if there is one. */
  readonly unfinished: (socket: Duplex) => ServerResponse | undefined;
}

/**
 * Handles one request of a connection at a time. Node emits all requests of a packet at once, up to a thousand of forty bytes, and keeps each
 * answer in memory until the earlier ones are sent: one connection could ask for a thousand pages at once. If more than
 * {@link MAX_PIPELINED} wait, the connection is closed; none of them was acknowledged (RFC 9112, section 9.3.2).
 *
 * A body is read from the network only when its request is handled, because the budget for bodies counts it from then on. While a request waits,
 * no more of its body is read than came with it, up to 64 KiB. Chunks could turn that into megabytes of Buffers, so a connection whose waiting
 * request has a chunked body is closed as well.
 */
export function pipeliningGuard(handle: (request: IncomingMessage, response: ServerResponse) => void): PipeliningGuard {
  const waiting = new WeakMap<Duplex, [IncomingMessage, ServerResponse][]>();
  const held = new WeakSet<Duplex>();

  /** Stops reading from a connection for now. */
  function hold(socket: Duplex): void {
    if (held.has(socket)) return;
    held.add(socket);
    socket.pause();
    // The request resumes the socket until it has buffered 64 KiB of its body, although nobody reads it.
    const pauseAgain = (): void => {
      if (held.has(socket)) socket.pause();
      else socket.off('resume', pauseAgain);
    };
    socket.on('resume', pauseAgain);
  }

  /** Reads and ignores requests of a connection that is closing; unread, they would cause a reset (RFC 9112, section 9.6). */
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
    unfinished: (socket) => waiting.get(socket)?.find(([{ complete }]) => !complete)?.[1],
  };
}
