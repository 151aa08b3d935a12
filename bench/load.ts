/**
 * Sends signed POSTs in a closed loop, each with a new message. It uses raw sockets, which cost little and leave the
 * machine to the measured server. Run it as its own process.
 *
 * Usage: node bench/load.ts PORT CONNECTIONS SECONDS PREFIX. Prints one JSON object.
 */
import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { SECRET, sampleBody } from './sample.ts';

const [port = 0, connections = 1, seconds = 1] = process.argv.slice(2, 5).map(Number);
const prefix = process.argv[5] ?? 'load';
const SIGNED = Math.ceil(seconds * 14_000) + connections;

const requests = Array.from({ length: SIGNED }, (_, i) => {
  const body = sampleBody(prefix, i);
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return Buffer.from(
    `POST /webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Signature: ${signature}\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
});

const latencies: number[] = [];
let next = 0;
let failed = 0;
const start = performance.now();
const end = start + seconds * 1000;

function drive(socket: Socket, finished: () => void): void {
  let sentAt = 0;
  let received = '';
  const send = (): void => {
    const request = requests[next++];
    if (request === undefined || performance.now() >= end) {
      socket.end();
      finished();
      return;
    }
    sentAt = performance.now();
    socket.write(request);
  };
  socket.setEncoding('latin1').setNoDelay(true);
  socket.on('data', (chunk: string) => {
    received += chunk;
    const head = received.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
    if (received.length < head + 4 + length) return;
    if (!received.startsWith('HTTP/1.1 200')) failed++;
    latencies.push(performance.now() - sentAt);
    received = '';
    send();
  });
  socket.on('connect', send);
}

await Promise.all(
  Array.from(
    { length: connections },
    () =>
      new Promise<void>((resolve, reject) => {
        drive(connect(port, '127.0.0.1').on('error', reject), resolve);
      }),
  ),
);
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
process.stdout.write(
  JSON.stringify({
    perSecond: latencies.length / ((performance.now() - start) / 1000),
    p50: at(0.5),
    p99: at(0.99),
    failed,
    ranOut: next >= SIGNED,
  }),
);
