import { once } from 'node:events';
import net from 'node:net';

/** A raw connection: bytes go out as the test gives them, and are kept as they arrive. */
export interface Connection {
  readonly socket: net.Socket;
  /** Everything received so far. */
  readonly received: () => string;
  /** Resolves when the other side sends no more. */
  readonly ended: Promise<void>;
  /** Resolves when the other side accepts no more either, which only sending reveals. */
  readonly closed: Promise<void>;
  /** Resolves with everything received once it holds this number of answers, complete or not. Rejects if it ends before. */
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
  // Not events.once: it would reject for the reset.
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
          resolve(); // bytes that could not be written show in what the other side answers
        });
      }),
  };
}

/** The status of each answer, in order. */
export function statusesIn(wire: string): number[] {
  return Array.from(wire.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
}

const PATIENCE_MS = 60_000;

/** Polls until the condition holds; rejects if it never does. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it is not so: ${isSo.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
