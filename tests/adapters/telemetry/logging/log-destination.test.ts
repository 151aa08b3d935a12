import { execFileSync } from 'node:child_process';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { logDestination } from '../../../../src/adapters/telemetry/logging/log-destination.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
const open: number[] = [];

afterAll(() => {
  for (const fd of open) closeSync(fd); // also after a failure: an open pipe would keep the process alive
  rmSync(folder, { recursive: true });
});

describe('logDestination', () => {
  it('writes every line in order, at the latest on flush', async () => {
    const file = path.join(folder, 'log');
    const fd = openSync(file, 'w');
    open.push(fd);
    const destination = logDestination(() => undefined, fd);
    const lines = Array.from({ length: 1_000 }, (_line, i) => `line ${String(i)} ü\n`);
    for (const line of lines) destination.stream.write(line);
    await destination.flush(60_000);
    expect(readFileSync(file, 'utf8')).toBe(lines.join(''));
  });

  it('gives up the lines that nobody reads', async () => {
    const pipe = path.join(folder, 'unread');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK); // as Node opens its standard output
    open.push(fd);
    const destination = logDestination(() => undefined, fd);
    destination.stream.write('x'.repeat(1_000_000));
    const began = performance.now();
    await destination.flush(200);
    expect(performance.now() - began).toBeGreaterThan(150);
  });

  it('does not wait for a reader that has stopped, and counts the lines that it drops', async () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, 'r+');
    open.push(fd);
    const drops: number[] = [];
    const reported = new Promise<void>((resolve) => {
      const { stream } = logDestination((lines) => {
        drops.push(lines);
        resolve();
      }, fd);
      const line = `${'x'.repeat(1_023)}\n`;
      for (let kibibytes = 0; kibibytes < 9 * 1_024; kibibytes++) stream.write(line);
    });
    const reader = createReadStream(pipe).resume();
    await reported;
    expect(drops).toHaveLength(1);
    expect(drops[0]).toBeGreaterThan(500);
    expect(drops[0]).toBeLessThan(1_100);
    reader.destroy();
  });
});
