import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { SECRET } from './sample.ts';

/** A server under measurement, on a database of its own. */
export interface Subject {
  readonly port: number;
  /** Resident memory in bytes. */
  memory(): number;
  stop(): Promise<void>;
}

const ROOT = path.resolve(import.meta.dirname, '..');

export function newDatabase(): { file: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const file = path.join(folder, 'app.db');
  const migrated = spawnSync(process.execPath, ['src/infrastructure/migrate.ts', 'latest'], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: `sqlite:///${file}` },
    encoding: 'utf8',
  });
  if (migrated.status !== 0) throw new Error(migrated.stderr);
  return {
    file,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The built service, with everything on; its log goes to a file, as it would go to a collector. */
export async function startService(file: string): Promise<Subject> {
  return start(['--enable-source-maps', '--max-semi-space-size=4', 'dist/infrastructure/main.js'], file, (line) => {
    const entry = JSON.parse(line) as { message: string; port?: number };
    return entry.message === 'listening' ? entry.port : undefined;
  });
}

export async function startBaseline(file: string): Promise<Subject> {
  return start(['bench/baseline.ts', file], file, Number);
}

async function start(args: string[], file: string, portIn: (line: string) => number | undefined): Promise<Subject> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: '0', DATABASE_URL: `sqlite:///${file}`, LOG_LEVEL: 'INFO' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await firstPort(child, portIn);
  child.stdout.resume(); // read on, or the pipe fills and the server waits
  return {
    port,
    memory: () => residentBytes(child.pid ?? 0),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function firstPort(child: ChildProcess, portIn: (line: string) => number | undefined): Promise<number> {
  if (child.stdout === null) throw new Error('no output to read the port from');
  const lines = createInterface(child.stdout);
  for await (const line of lines) {
    const port = portIn(line);
    if (port !== undefined) return port;
  }
  throw new Error('the server ended before it listened');
}

function residentBytes(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(stdout.trim()) * 1024;
}
