import { once } from 'node:events';
import net from 'node:net';

/** A connection of which nothing is taken for granted: bytes go out as they are given, and come in as they come. */
export interface Connection {
  readonly socket: net.Socket;
  /** All that has come so far. */
  readonly received: () => string;
  /** Resolves when the other side has closed, its reading end too. */
  readonly closed: Promise<void>;
  /** Resolves with all that has come when so many answers are in it, whole or not. Rejects when it is closed before. */
  readonly answers: (count: number) => Promise<string>;
  readonly send: (bytes: string | Uint8Array) => Promise<void>;
}

/** Keeps its own end open, whatever the other side does. */
export async function connectTo(port: number): Promise<Connection> {
  const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += String(text);
  });
  socket.on('error', () => undefined); // a reset is one way to be closed
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  await once(socket, 'connect');
  return {
    socket,
    received: () => received,
    closed,
    async answers(count) {
      while (statusesIn(received).length < count) {
        if (socket.readableEnded || socket.destroyed) throw new Error(`closed after: ${received}`);
        await Promise.race([once(socket, 'data'), once(socket, 'end'), closed]);
      }
      return received;
    },
    send: (bytes) =>
      new Promise((resolve) => {
        socket.write(bytes, () => {
          resolve();
        }); // one that could not be written will show in what comes back
      }),
  };
}

/** The status of each answer, in order. */
export function statusesIn(wire: string): number[] {
  return Array.from(wire.matchAll(/^HTTP\/1\.1 (\d{3}) /gm), ([, status]) => Number(status));
}

/** Asks until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
