import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { SECRET } from './sample.ts';

/** A server under measurement, on a database of its own. */
export interface Subject {
  readonly port: number;
  /** Resident memory in bytes. */
  memory(): number;
  stop(): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, '..');

/** The built service with every feature enabled. Its log goes to a file, as it would go to a collector. */
export async function startService(url: string): Promise<Subject> {
  return start(['--enable-source-maps', '--max-semi-space-size=4', 'dist/infrastructure/main.js'], url, (line) => {
    const entry = JSON.parse(line) as { message: string; port?: number };
    return entry.message === 'listening' ? entry.port : undefined;
  });
}

export async function startBaseline(url: string): Promise<Subject> {
  return start([url.startsWith('sqlite:') ? 'bench/baseline.ts' : 'bench/baseline-postgres.ts'], url, Number);
}

async function start(args: string[], url: string, portIn: (line: string) => number | undefined): Promise<Subject> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const log = path.join(folder, 'log');
  const output = openSync(log, 'w');
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: '0', DATABASE_URL: url, LOG_LEVEL: 'INFO' },
    stdio: ['ignore', output, 'inherit'],
  });
  closeSync(output);
  const port = await firstPort(child, log, portIn);
  return {
    port,
    memory: () => residentBytes(child.pid ?? 0),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function firstPort(
  child: ChildProcess,
  log: string,
  portIn: (line: string) => number | undefined,
): Promise<number> {
  while (child.exitCode === null) {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    const port = lines.map(portIn).find((found) => found !== undefined);
    if (port !== undefined) return port;
    await delay(20);
  }
  throw new Error('the server ended before it listened');
}

function residentBytes(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(stdout.trim()) * 1024;
}
