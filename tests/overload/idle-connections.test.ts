import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { connectTo, statusesIn, type Connection } from '../support/connection.ts';
import { MESSAGE, startProcess } from '../support/service.ts';

const CONNECTIONS = 5_000;
/** What a process may have open besides: the files of tests and service, and the connections of others. */
const SPARE = 500;

const numberIn = (file: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(file, 'utf8'))?.[1]);

it('5,000 idle connections cost little memory, and the service answers others', async () => {
  const limit = numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m);
  const count = Math.min(CONNECTIONS, limit - SPARE);
  const folder = mkdtempSync(path.join(tmpdir(), 'idle-'));
  const { child, listening, ended } = startProcess(folder);
  const idle: Connection[] = [];
  try {
    const client = await listening;
    const resident = (): number => numberIn(`/proc/${String(child.pid)}/status`, /^VmRSS:\s+(\d+) kB$/m);
    expect((await client.webhook({ ...MESSAGE, message_id: 'before' })).status).toBe(200);
    const before = resident();
    while (idle.length < count) {
      const some = await Promise.all(Array.from({ length: 100 }, () => connectTo(client.port)));
      idle.push(...some);
      // Kept alive after an answer, as a pool does: a connection without a request is closed after ten seconds.
      await Promise.all(some.map(({ send }) => send('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')));
      await Promise.all(some.map(({ answers }) => answers(1)));
    }
    expect((await client.webhook({ ...MESSAGE, message_id: 'among' })).status).toBe(200);
    expect((await client.fetch('/messages/among')).status).toBe(200);
    expect((await client.fetch('/health/ready')).status).toBe(200);
    expect((resident() - before) / idle.length).toBeLessThan(64); // KiB for each
    expect(idle.every(({ received }) => statusesIn(received())[0] === 200)).toBe(true);
  } finally {
    for (const { socket } of idle) socket.destroy();
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});
