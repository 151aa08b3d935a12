import type { Socket } from 'node:net';
import { peerKey, type KernelQueues } from './kernel-queues.ts';

/** One connection, with what its client has not read of the answers on it. Times in ms of one monotonic clock. */
export interface WatchedConnection {
  /** Bytes of memory that unread answers take, by the last count. */
  readonly cost: () => number;
  /** Counts again. */
  readonly count: (queues: KernelQueues | null, now: number) => void;
  /** How long the client has read nothing although something is there; 0 if nothing is. */
  readonly silentFor: (now: number) => number;
  /** The age of the oldest unread byte, and the bytes per ms that the client has read since. */
  readonly pace: (now: number) => { readonly age: number; readonly rate: number };
  /** Closes the connection so that the kernel keeps nothing of it. */
  readonly reset: () => void;
  /** From now on, a close waits until the client has everything: see {@link watchConnection}. */
  readonly holdOpen: () => void;
}

/** The kernel takes up to twice as much memory as it holds bytes: a client with a small window gets them in many small packets. */
export const KERNEL_FACTOR = 2;

interface Handled {
  /** Node's own handle: bytes that the kernel has not taken, which the stream's length does not tell for a write that it took in part. */
  readonly _handle?: { readonly writeQueueSize: number } | null;
}

/**
 * Watches a connection. After a close, the kernel holds what the client has not acknowledged for minutes, and no process counts it any
 * more. So after `holdOpen`, closing sends the end (FIN) but keeps the connection until the client has
 * everything, and a close in the middle of an answer resets it.
 * @param closesAtOnce whether a close must not wait, as while the server stops
 */
export function watchConnection(socket: Socket, closesAtOnce: () => boolean): WatchedConnection {
  const key = socket.remoteAddress === undefined ? '' : peerKey(socket.remoteAddress, socket.remotePort ?? 0);
  const destroy = socket.destroy.bind(socket);
  let [inKernel, inProcess, isClosing, holdsOpen] = [0, 0, false, false];
  let [read, movedAt, mark, markedAt, readAtMark] = [0, 0, 0, 0, 0];

  const close = (): void => {
    holdsOpen = false;
    socket.destroy = destroy;
  };
  const reset = (): void => {
    close();
    [inKernel, inProcess] = [0, 0];
    socket.resetAndDestroy();
  };

  return {
    cost: () => inProcess + KERNEL_FACTOR * inKernel,
    count(queues, now) {
      const owed = inKernel + inProcess > 0;
      inKernel = queues?.get(key) ?? 0;
      inProcess = socket.writableLength;
      if (inKernel + inProcess === 0) {
        if (isClosing) {
          close();
          socket.destroy();
        }
        return;
      }
      const before = read;
      read = socket.bytesWritten - inKernel - ((socket as unknown as Handled)._handle?.writeQueueSize ?? 0);
      if (!owed || read > before) movedAt = now;
      if (!owed || read >= mark) [mark, markedAt, readAtMark] = [socket.bytesWritten, now, read];
    },
    silentFor: (now) => (inKernel + inProcess === 0 ? 0 : now - movedAt),
    pace(now) {
      const age = inKernel + inProcess === 0 ? 0 : now - markedAt;
      return { age, rate: (read - readAtMark) / Math.max(1, age) };
    },
    reset,
    holdOpen() {
      if (holdsOpen) return;
      holdsOpen = true;
      socket.destroy = (error) => {
        if (error || closesAtOnce()) {
          close();
          return destroy(error);
        }
        if (socket.writableLength > 0) reset();
        else if (!isClosing) {
          isClosing = true;
          socket.end();
        }
        return socket;
      };
    },
  };
}
