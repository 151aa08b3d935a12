import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectTo, until, type Connection } from '../support/connection.ts';
import { startProcess, type ServiceProcess } from '../support/service.ts';

/** Each is six bytes on the wire, and would be some 450 in memory by itself. */
const CHUNKS = 500_000;
const MOST_MIB = 64;

const folder = mkdtempSync(path.join(tmpdir(), 'chunks-'));
const open: Connection[] = [];
let service: ServiceProcess;
let client: Awaited<ServiceProcess['listening']>;

beforeAll(async () => {
  service = startProcess(folder);
  client = await service.listening;
  await client.fetch('/health/ready');
});

afterAll(async () => {
  for (const { socket } of open) socket.destroy();
  service.child.kill('SIGTERM');
  await service.ended;
  rmSync(folder, { recursive: true, force: true });
});

function residentMib(): number {
  const status = readFileSync(`/proc/${String(service.child.pid)}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** A connection that has sent a request up to the middle of its body of one-byte chunks, and reads nothing. */
async function sendChunks(requestLine: string, chunks: number): Promise<void> {
  const connection = await connectTo(client.port);
  open.push(connection);
  connection.socket.pause();
  await connection.send(`${requestLine} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const some = '1\r\nx\r\n'.repeat(chunks / 50);
  for (let i = 0; i < 50; i++) await connection.send(some);
}

// First, or it would be measured in memory that the other has left.
it('a body that nobody asked for costs none, while the answer is not read', async () => {
  const before = residentMib();
  await sendChunks('GET /assets/redoc.standalone.js', 2_500_000); // more than the kernel takes: would wait for ever
  expect(residentMib() - before).toBeLessThan(MOST_MIB);
});

it('a body of single bytes costs the memory that it is charged for', async () => {
  const before = residentMib();
  await sendChunks('POST /webhook', CHUNKS);
  await until(async () => {
    const { body } = await client.fetch('/metrics');
    return Number(/^request_body_bytes (\d+)$/m.exec(body)?.[1]) >= CHUNKS;
  });
  expect(residentMib() - before).toBeLessThan(MOST_MIB);
});
