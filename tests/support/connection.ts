import { once } from 'node:events';
import net from 'node:net';

/** A connection of which nothing is taken for granted: bytes go out as they are given, and come in as they come. */
export interface Connection {
  readonly socket: net.Socket;
  /** All that has come so far. */
  readonly received: () => string;
  /** Resolves when the other side sends no more. */
  readonly ended: Promise<void>;
  /** Resolves when the other side takes no more either; it is noticed by sending. */
  readonly closed: Promise<void>;
  /** Resolves with all that has come when so many answers are in it, whole or not. Rejects when it ends before. */
  readonly answers: (count: number) => Promise<string>;
  readonly send: (bytes: string | Uint8Array) => Promise<void>;
}

/** Keeps its own end open, whatever the other side does. */
export async function connectTo(port: number): Promise<Connection> {
  const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let received = '';
  let wake = (): void => undefined;
  socket.setEncoding('latin1').on('data', (text) => {
    received += String(text);
    wake();
  });
  socket.on('error', () => undefined); // a reset is one way to be closed
  // Not events.once, to which the reset would be a fault.
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  const ended = Promise.race([new Promise<void>((resolve) => socket.once('end', resolve)), closed]).then(() => {
    wake();
  });
  await once(socket, 'connect');
  return {
    ...{ socket, closed, ended },
    received: () => received,
    async answers(count) {
      while (statusesIn(received).length < count) {
        if (socket.readableEnded || socket.destroyed) throw new Error(`ended after: ${received}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return received;
    },
    send: (bytes) =>
      new Promise((resolve) => {
        socket.write(bytes, () => {
          resolve(); // what could not be written will show in what comes back
        });
      }),
  };
}

/** The status of each answer, in order. */
export function statusesIn(wire: string): number[] {
  return Array.from(wire.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
}

const PATIENCE_MS = 60_000;

/** Asks until it is so; rejects when it does not come to be. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it is not so: ${isSo.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
