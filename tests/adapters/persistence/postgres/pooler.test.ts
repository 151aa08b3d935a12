import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { requireOwnSession } from '../../../../src/adapters/persistence/postgres/connection/own-session.ts';
import { pooledMessageRepository } from '../../../../src/adapters/persistence/postgres/store.ts';
import { freePort } from '../../../support/free-port.ts';
import { migratedPostgresDatabase, openTestPool } from '../../../support/postgres.ts';
import { describeNeeding } from '../../../support/requirements.ts';
import { message } from '../contract/repository-fixtures.ts';

/** PgBouncer does not run as root; every system has this user. */
const NOBODY = 65_534;
const REFUSED = 'other clients use the same session of the server';

let database: Awaited<ReturnType<typeof migratedPostgresDatabase>>;
beforeAll(async () => {
  database = await migratedPostgresDatabase();
});
afterAll(() => database.close());

describe('a session of the server', () => {
  it('is refused by a client after another client, because its parameters and statements are still there', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await requireOwnSession(client, { connectionString: database.url });
    await expect(requireOwnSession(client, { connectionString: database.url })).rejects.toThrow(REFUSED);
    await client.query('discard all'); // what a pooler in session mode does
    await requireOwnSession(client, { connectionString: database.url });
    await client.end();
  });
});

describeNeeding(['pgbouncer'], 'PgBouncer', () => {
  it.each(['transaction', 'statement'] as const)('in %s mode is refused by the first connection', async (mode) => {
    await throughPooler(mode, async (url) => {
      const store = storeAt(url);
      await expect(store.requireUsable()).rejects.toThrow(REFUSED);
      await store.close();
    });
  });

  it('in session mode stores, and passes on what each session sets', async () => {
    await throughPooler('session', async (url) => {
      const store = storeAt(url);
      await store.requireUsable();
      const updates = ['a', 'b', 'c', 'a'].map((id) => store.add([message(id)]));
      expect((await Promise.all(updates)).flat().sort()).toEqual(['created', 'created', 'created', 'duplicate']);
      await store.close();
      const db = openTestPool(url); // gets the sessions that the store had
      expect((await db.raw<{ rows: unknown[] }>('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
      await db.destroy();
    });
  });
});

function storeAt(url: string): ReturnType<typeof pooledMessageRepository> {
  return pooledMessageRepository({ url, poolSize: 2, maxCommits: 2, readTimeoutMs: 5_000, maxQueuedReads: 10 });
}

async function throughPooler(
  mode: 'session' | 'statement' | 'transaction',
  test: (url: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-pgbouncer-'));
  const url = new URL(database.url);
  const port = await freePort();
  const file = path.join(folder, 'pgbouncer.ini');
  const lines = [
    `[databases]\n* = host=${url.hostname} port=${url.port} user=postgres`,
    `[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${String(port)}\nunix_socket_dir =`,
    `auth_type = any\npool_mode = ${mode}\n`,
  ];
  writeFileSync(file, lines.join('\n'));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  chmodSync(folder, 0o755);
  const pooler = spawn('pgbouncer', [file], { ...user, stdio: 'ignore' });
  const exited = once(pooler, 'exit');
  try {
    await listening(port);
    url.port = String(port);
    await test(url.href);
  } finally {
    pooler.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  }
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const answered = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answered) return;
    await delay(25);
  }
  throw new Error('pgbouncer does not listen');
}
