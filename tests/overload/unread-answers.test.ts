import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { MESSAGE, startProcess } from '../support/service.ts';

/** Each asks for a body of 3 MiB and reads nothing: together they ask for more than the service has memory. */
const READERS = 100;
const BODY_BYTES = 3_000_000;

const numberIn = (file: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(file, 'utf8'))?.[1]);
const MIB = 1_024 * 1_024;

it('answers that nobody reads take a bounded part of the memory, and the service takes webhooks all the while', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'unread-'));
  const { child, listening, ended } = startProcess(folder, { MAX_UNREAD_BYTES: String(32 * MIB) });
  const readers: Socket[] = [];
  try {
    const client = await listening;
    const memory = (): number =>
      numberIn(`/proc/${String(child.pid)}/status`, /^VmRSS:\s+(\d+) kB$/m) / 1_024 +
      (numberIn('/proc/net/sockstat', /^TCP:.* mem (\d+)$/m) * 4_096) / MIB;
    expect((await client.webhook({ ...MESSAGE, message_id: 'big', padding: 'x'.repeat(BODY_BYTES) })).status).toBe(200);
    const before = memory();
    for (let i = 0; i < READERS; i++) {
      const reader = connect(client.port, '127.0.0.1').pause();
      readers.push(reader.on('error', () => undefined));
      await once(reader, 'connect');
      reader.write('GET /messages/big/raw HTTP/1.1\r\nHost: x\r\n\r\n');
      if (i % 10 === 0) expect((await client.webhook({ ...MESSAGE, message_id: `m${String(i)}` })).status).toBe(200);
    }
    const shed = async (): Promise<number> =>
      Number(/^responses_shed_total (\d+)$/m.exec((await client.fetch('/metrics')).body)?.[1]);
    while ((await shed()) === 0)
      expect((await client.webhook({ ...MESSAGE, message_id: 'meanwhile' })).status).toBe(200);
    // What all of them asked for would take 300 MB in the process, and about as much in the kernel.
    expect(memory() - before).toBeLessThan(200);
  } finally {
    for (const reader of readers) reader.destroy();
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
});
