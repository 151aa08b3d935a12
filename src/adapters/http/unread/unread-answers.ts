import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import type { Timer } from '../../../application/ports/time.ts';
import { KERNEL_FACTOR, watchConnection, type WatchedConnection } from './connection.ts';
import { kernelQueues } from './kernel-queues.ts';

/** The memory of answers that clients have not read, in this process and in the kernel. */
export interface UnreadAnswers {
  /** Counts an answer that must be sent in any case, such as that to a webhook. */
  note(bytes: number): void;
  /** Whether there is no room, or an answer has just been refused for want of it. Goes by what is known. */
  isFull(): boolean;
  /** Whether there is room, after a look at what is really unread. */
  hasRoom(): Promise<boolean>;
  /** Counts a large answer that is about to be sent. Resolves with false, and counts nothing, if it does not fit. */
  take(socket: Socket, bytes: number, reserve?: number): Promise<boolean>;
  /** Resets the connections of all clients that hardly read, for the sake of new connections. */
  resetSlow(): Promise<void>;
}

export interface UnreadLimits {
  readonly maxUnreadBytes: number;
  /** A client that reads nothing for this time (ms) is gone. */
  readonly sendTimeout: number;
  /** How often to look, in ms. */
  readonly interval: number;
}

/** Answers up to this size need no permission. A connection with more unread bytes is not closed before they are read. */
export const SMALL_BYTES = 16_384;
/** When memory is short, a client is too slow if its oldest unread byte is this old (ms) … */
const SLOW_AFTER_MS = 5_000;
/** … and it has read less than 16 KiB a second since: with that, the largest body takes three minutes. */
const SLOW_BYTES_PER_MS = 16;
/** For this time after a refusal, further ones cost nothing: to look for room among thousands of connections does. */
const FULL_MS = 100;
/** A look at all connections of the machine costs time: the next one that is only due to a lack of room waits this many times as long. */
const REST = 10;
const SHORTEST_REST_MS = 50;

/**
 * Bounds what unread answers occupy. Node calls an answer finished when the kernel has it, and the kernel holds megabytes for each
 * connection. So an answer counts from the moment it is written until the client has acknowledged it, which the kernel's tables tell; in
 * between, the sum is an estimate that is never too low for long. Without room, connections that hardly read are reset, the slowest first.
 */
export function unreadAnswers(
  server: Server,
  { maxUnreadBytes, sendTimeout, interval }: UnreadLimits,
  { metrics, timer }: { readonly metrics: Metrics; readonly timer: Timer },
): UnreadAnswers {
  const connections = new Map<Socket, WatchedConnection>();
  let counted = 0;
  let added = 0; // since the last count began
  let counting: Promise<void> | undefined;
  let restUntil = 0;
  let fullUntil = 0;

  server.on('connection', (socket) => {
    connections.set(
      socket,
      watchConnection(socket, () => !server.listening),
    );
    socket.once('close', () => connections.delete(socket));
  });
  const stop = timer.every(interval, () => {
    if (counted + added > 0) void count();
  });
  server.once('close', stop);

  async function countNow(): Promise<void> {
    const began = timer.elapsed();
    const before = added;
    const port = (server.address() as AddressInfo | null)?.port;
    const queues = port === undefined ? null : await kernelQueues(port);
    const now = timer.elapsed();
    restUntil = now + Math.max(SHORTEST_REST_MS, REST * (now - began));
    counted = 0;
    added -= before;
    for (const connection of connections.values()) {
      connection.count(queues, now);
      if (connection.silentFor(now) >= sendTimeout) reset(connection);
      else counted += connection.cost();
      if (queues !== null && connection.cost() > SMALL_BYTES) connection.holdOpen();
    }
    if (counted + added > maxUnreadBytes) makeRoom(0, maxUnreadBytes / 2);
    metrics.unreadBytes(counted + added);
  }

  function count(): Promise<void> {
    counting ??= countNow().finally(() => (counting = undefined));
    return counting;
  }

  function reset(connection: WatchedConnection): void {
    connection.reset();
    metrics.connectionReset();
  }

  function add(bytes: number): void {
    added += bytes;
    if (counted + added > maxUnreadBytes / 2 && added > maxUnreadBytes / 8) void count();
  }

  /** Resets connections that hardly read, the slowest first, until these bytes fit. Goes by the last count. */
  function makeRoom(bytes: number, limit: number): void {
    const now = timer.elapsed();
    const slow = [...connections.values()]
      .map((connection) => ({ connection, ...connection.pace(now) }))
      .filter(({ age, rate }) => age >= SLOW_AFTER_MS && rate < SLOW_BYTES_PER_MS)
      .sort((one, other) => one.rate - other.rate || other.age - one.age);
    for (const { connection } of slow) {
      if (counted + added + bytes <= limit) break;
      counted -= connection.cost();
      reset(connection);
    }
  }

  /** Adds these bytes if they fit. An answer above the limit fits if little else is unread, or nobody could ever read it. */
  function addIfFits(bytes: number, limit: number): boolean {
    const used = counted + added;
    if (used + bytes > limit && (bytes <= limit || used > limit / 8)) return false;
    add(bytes);
    return true;
  }

  const isRefusing = (): boolean => timer.elapsed() < fullUntil;

  /** The same, but makes room if that is possible. */
  async function addInRoom(bytes: number, limit: number): Promise<boolean> {
    if (addIfFits(bytes, limit)) return true;
    if (isRefusing()) return false;
    if (counting !== undefined || timer.elapsed() >= restUntil) await count();
    if (addIfFits(bytes, limit)) return true;
    if (isRefusing()) return false; // another one has found no room meanwhile
    makeRoom(bytes, limit / 2);
    if (addIfFits(bytes, limit)) return true;
    fullUntil = timer.elapsed() + FULL_MS;
    return false;
  }

  return {
    note: add,
    async resetSlow() {
      await count();
      makeRoom(Infinity, 0);
    },
    isFull: () => counted + added > maxUnreadBytes || isRefusing(),
    hasRoom: () => addInRoom(0, maxUnreadBytes),
    async take(socket, bytes, reserve = 0) {
      const cost = bytes * (1 + KERNEL_FACTOR); // until the next count tells how much of it is where
      if (!(await addInRoom(cost, maxUnreadBytes + reserve))) return false;
      metrics.unreadBytes(counted + added);
      connections.get(socket)?.holdOpen();
      return true;
    },
  };
}
