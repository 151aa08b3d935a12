import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installedPostgres, startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { startProcess, type ServiceProcess } from '../support/service.ts';
import { startLoad, type Load } from './load.ts';
import { judge, type Verdict } from './judge.ts';
import { newLedger, type Ledger } from './ledger.ts';
import type { Circumstances } from './scenario.ts';

/** A database of its own, a service process on it, and what was sent to it. */
export interface Rig {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly ledger: Ledger;
  /** Only with PostgreSQL. */
  readonly server: PostgresServer | undefined;
  /** The process of now. */
  process(): ServiceProcess;
  port(): number;
  /** Starts a process, which listens then; ready or not. */
  begin(environment?: Readonly<Record<string, string>>, through?: readonly string[]): Promise<void>;
  /** Starts a process; gives how long it took until it was ready, in ms. */
  start(environment?: Readonly<Record<string, string>>): Promise<number>;
  load(senders?: number): Load;
  /** Waits until the service has acknowledged a message after this call. */
  acknowledged(): Promise<void>;
  /** Waits until a readiness of this status is seen; gives its body. */
  readiness(status: number): Promise<Readonly<Record<string, unknown>>>;
  judge(): Promise<Verdict>;
  remove(): Promise<void>;
}

const PATIENCE_MS = 60_000;

export async function until(holds: () => boolean, otherwise: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(otherwise);
    await delay(5);
  }
}

export async function newRig({ engine, installed = false, random }: Circumstances): Promise<Rig> {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-torture-'));
  const binaries = installed && { installed: installedPostgres() };
  const server = engine === 'postgres' ? await startPostgresServer({ durable: true, ...binaries }) : undefined;
  const databaseUrl = server?.url ?? `sqlite:///${path.join(folder, 'app.db')}`;
  const ledger = newLedger();
  let running: ServiceProcess | undefined;
  let port = 0;
  const loads: Load[] = [];

  const current = (): ServiceProcess => {
    if (running === undefined) throw new Error('no process was started');
    return running;
  };

  async function begin(environment: Readonly<Record<string, string>> = {}, through?: readonly string[]): Promise<void> {
    running = startProcess(folder, { DATABASE_URL: databaseUrl, ...environment }, undefined, through);
    port = (await running.listening).port;
  }

  async function readiness(status: number): Promise<Readonly<Record<string, unknown>>> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${String(port)}/health/ready`).catch(() => null);
      const body = (await response?.json()) as Readonly<Record<string, unknown>>;
      if (response?.status === status) return body;
      if (performance.now() > giveUpAt) throw new Error(`never ${String(status)}, but ${JSON.stringify(body)}`);
      await delay(10);
    }
  }

  return {
    folder,
    databaseUrl,
    ledger,
    server,
    process: current,
    begin,
    port: () => port,
    async start(environment = {}) {
      const startedAt = performance.now();
      await begin(environment);
      await readiness(200);
      return performance.now() - startedAt;
    },
    load(senders) {
      const load = startLoad(() => port, ledger, random, senders);
      loads.push(load);
      return load;
    },
    acknowledged() {
      const before = ledger.acknowledged.size;
      return until(() => ledger.acknowledged.size > before, 'no message is taken');
    },
    readiness,
    judge: () => judge(databaseUrl, ledger),
    async remove() {
      await Promise.all(loads.map((load) => load.stop())); // those of a scenario that has failed, too
      running?.child.kill('SIGKILL');
      await running?.ended;
      await server?.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
