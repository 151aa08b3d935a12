import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freshCopy } from '../support/page-commands.ts';
import { postWebhook } from '../support/post-webhook.ts';
import { newPostgresDatabase, type PostgresDatabase } from '../support/postgres.ts';
import { MESSAGE, startProcess, type ServiceProcess } from '../support/service.ts';
import { held } from '../support/stores.ts';

const run = promisify(execFile);
/** How often the proxy checks readiness. */
const ASK_EVERY_MS = 100;
/** Longer than the proxy takes to notice. */
const SHUTDOWN_DELAY_MS = '5000';
const SENDERS = 6;
/** The sources of the next version, with one more migration, which adds a column. */
const MIGRATION = `import type { Knex } from 'knex';
export async function up(db: Knex): Promise<void> {
  await db.raw("alter table messages add column note text not null default ''");
}
export async function down(db: Knex): Promise<void> {
  await db.raw('alter table messages drop column note');
}
`;

let next: string;
let database: PostgresDatabase;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  next = freshCopy('next-version');
  writeFileSync(path.join(next, 'src/adapters/persistence/schema/migrations/29990101000000_add_note.ts'), MIGRATION);
  database = await newPostgresDatabase();
});

afterAll(async () => {
  for (const { child, ended } of started) {
    child.kill('SIGKILL');
    await ended;
  }
  await database.close();
  rmSync(next, { recursive: true, force: true });
});

const root = (version: 'this' | 'next'): string => (version === 'this' ? process.cwd() : next);

async function migrate(version: 'this' | 'next'): Promise<string> {
  const args = [path.join(root(version), 'src/infrastructure/cli.ts'), 'migrate', 'latest'];
  return (await run(process.execPath, args, { cwd: next, env: { DATABASE_URL: database.url } })).stdout;
}

/** Like the servers of a load balancer: a ready one gets requests, the others get none. */
class Proxy {
  readonly replicas = new Map<number, ServiceProcess>();
  /** Whether each replica was ready at every check from its first ready answer until its stop signal. */
  readonly wavered: string[] = [];
  #ready: number[] = [];
  #stopping = new Set<number>();
  #running = true;
  readonly asking = this.#ask();

  async #ask(): Promise<void> {
    while (this.#running) {
      const ports = [...this.replicas.keys()];
      const ready = await Promise.all(
        ports.map(async (port) => {
          const response = await fetch(`http://127.0.0.1:${String(port)}/health/ready`).catch(() => null);
          if (response?.status === 200) return port;
          if (this.#ready.includes(port) && !this.#stopping.has(port)) {
            this.wavered.push((await response?.text()) ?? 'no answer');
          }
          return undefined;
        }),
      );
      this.#ready = ready.filter((port) => port !== undefined);
      await delay(ASK_EVERY_MS);
    }
  }

  next(turn: number): number | undefined {
    return this.#ready[turn % this.#ready.length];
  }

  /** Starts a replica; resolves when it gets requests. */
  async add(version: 'this' | 'next'): Promise<number> {
    const replica = startProcess(
      next,
      { DATABASE_URL: database.url, MIGRATE_ON_START: 'false', SHUTDOWN_DELAY_MS },
      path.join(root(version), 'src/infrastructure/main.ts'),
    );
    started.push(replica);
    const { port } = await replica.listening;
    this.replicas.set(port, replica);
    while (!this.#ready.includes(port)) await delay(ASK_EVERY_MS);
    return port;
  }

  /** Stops a replica gracefully. */
  async remove(port: number): Promise<void> {
    const replica = this.replicas.get(port);
    this.#stopping.add(port);
    replica?.child.kill('SIGTERM');
    expect(await replica?.ended).toEqual({ status: 0, stderr: '' });
    this.replicas.delete(port);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.asking;
  }
}

it('replaces replicas one by one, forward and back, and rejects and loses nothing', async () => {
  await migrate('this');
  const proxy = new Proxy();
  let replicas = [await proxy.add('this'), await proxy.add('this')];

  const agent = new Agent({ keepAlive: false });
  const refused: unknown[] = [];
  const acknowledged: string[] = [];
  let sending = true;
  let sent = 0;
  async function sender(): Promise<void> {
    while (sending) {
      const turn = sent++;
      const message = { ...MESSAGE, message_id: `m${String(turn)}` };
      const port = proxy.next(turn);
      const answer = await (
        port === undefined
          ? Promise.resolve('no replica is ready')
          : postWebhook(port, JSON.stringify(message), agent, (request) => {
              for (const { watch } of started) watch.sent(request);
            })
      ).catch((error: unknown) => String(error));
      if (typeof answer !== 'string' && answer.status === 200) acknowledged.push(message.message_id);
      else refused.push(answer);
      await delay(25);
    }
  }
  const senders = Promise.all(Array.from({ length: SENDERS }, sender));
  const replaceAll = async (version: 'this' | 'next'): Promise<void> => {
    for (const port of replicas) {
      replicas = [...replicas, await proxy.add(version)];
      await proxy.remove(port);
      replicas = replicas.filter((other) => other !== port);
    }
  };
  try {
    expect(await migrate('next')).toBe('applied 29990101000000_add_note\n');
    await replaceAll('next');
    // Back, without the schema. The older version migrates first when it starts, as its pods do.
    expect(await migrate('this')).toBe('the schema is up to date\n');
    await replaceAll('this');
  } finally {
    sending = false;
    await senders;
    await proxy.stop();
    agent.destroy();
  }

  expect(refused).toEqual([]);
  expect(proxy.wavered).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(100);
  const stored = (await held(database.url)).map(({ messageId }) => String(messageId));
  expect(stored.toSorted()).toEqual(acknowledged.toSorted());
}, 400_000);
