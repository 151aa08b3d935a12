import { execFile } from 'node:child_process';
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLI } from '../support/entry-points.ts';
import { byLength } from '../support/length.ts';
import { postWebhook, type WebhookAnswer } from '../support/post-webhook.ts';
import { startPostgresServer, type PostgresServer } from '../support/postgres-server.ts';
import { startProcess, type ServiceProcess } from '../support/service.ts';

const REPLICAS = 4;
const MESSAGES = byLength({ short: 4_200, long: 14_000 });
const REQUESTS = (MESSAGES * 10) / 7; // 30 % of them duplicates
const SENDERS = 50;
const CLIENTS = 48;

const run = promisify(execFile);

let server: PostgresServer;
const replicas: ServiceProcess[] = [];
const ports: number[] = [];
const agent = new Agent({ keepAlive: true });

async function startReplica(i: number): Promise<void> {
  const replica = startProcess(tmpdir(), { DATABASE_URL: server.url, MIGRATE_ON_START: 'false' });
  replicas[i] = replica;
  ports[i] = (await replica.listening).port;
}

beforeAll(async () => {
  server = await startPostgresServer({ durable: true });
  const env = { ...process.env, DATABASE_URL: server.url };
  await run(process.execPath, [CLI, 'migrate', 'latest'], { env });
  await Promise.all(Array.from({ length: REPLICAS }, (_, i) => startReplica(i)));
}, 300_000);

afterAll(async () => {
  agent.destroy();
  for (const { child } of replicas) child.kill('SIGTERM');
  await Promise.all(replicas.map(({ ended }) => ended));
  await server.remove();
});

function post(port: number, body: string): Promise<WebhookAnswer> {
  return postWebhook(port, body, agent, (sent) => {
    for (const { watch } of replicas) watch.sent(sent);
  });
}

async function get<T>(replica: number, path: string): Promise<T> {
  replicas[replica]?.watch.sent({ target: path });
  const response = await fetch(`http://127.0.0.1:${String(ports[replica])}${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

const senderOf = (i: number): string => `+49${String(i % SENDERS)}`;

function bodyOf(i: number): string {
  const ts = new Date(Date.UTC(2026, 0, 1) + i * 1_000).toISOString();
  return JSON.stringify({ message_id: `m${String(i)}`, from: senderOf(i), to: '+1', ts, text: `text ${String(i)}` });
}

/** As a provider does: again, wherever the load balancer sends it, until the answer is 200. */
async function deliver(i: number, firstReplica: number, seen: { unavailable: WebhookAnswer[] }): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const port = ports[(firstReplica + attempt) % REPLICAS] ?? 0;
    const answer = await post(port, bodyOf(i)).catch(() => null); // refused or cut off: the process is gone
    if (answer?.status === 200) return answer.result ?? '';
    if (answer?.status === 503) seen.unavailable.push(answer);
    else if (answer !== null) throw new Error(`answered with ${String(answer.status)}`);
    if (attempt > 2_400) throw new Error('not delivered');
    await delay(50);
  }
}

it('stores every message once while replicas are killed and the database is restarted', async () => {
  const seen = { unavailable: [] as WebhookAnswer[] };
  const created: number[] = []; // how many times, for each message
  const faults: Promise<void>[] = [];
  const faultAt: Readonly<Record<number, () => Promise<void>>> = {
    [MESSAGES * 0.25]: async () => {
      replicas[1]?.child.kill('SIGKILL');
      await replicas[1]?.ended;
      await startReplica(1);
    },
    [MESSAGES * 0.5]: async () => {
      await server.stop('immediate');
      while (seen.unavailable.length < REPLICAS) await delay(20);
      await server.start();
    },
    [MESSAGES * 0.75]: async () => {
      replicas[2]?.child.kill('SIGKILL');
      await replicas[2]?.ended;
      await startReplica(2);
    },
  };
  let next = 0;
  let sent = 0;
  async function client(): Promise<void> {
    while (next < MESSAGES) {
      const i = next++;
      const fault = faultAt[i];
      if (fault !== undefined) faults.push(fault());
      // Some are sent twice: at the same moment, to two replicas.
      const twice = i % 7 < 3;
      sent += twice ? 2 : 1;
      const deliveries = [deliver(i, i, seen), ...(twice ? [deliver(i, i + 1, seen)] : [])];
      const results = await Promise.all(deliveries);
      for (const result of results) expect(['created', 'duplicate']).toContain(result);
      created.push(results.filter((result) => result === 'created').length);
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await Promise.all(faults);

  expect([sent, created.length]).toEqual([REQUESTS, MESSAGES]);
  // None twice; not even once where that answer was lost with its replica.
  expect(Math.max(...created)).toBe(1);
  expect(seen.unavailable.map(({ retryAfter }) => retryAfter)).toEqual(seen.unavailable.map(() => '1'));
  expect(seen.unavailable.length).toBeGreaterThanOrEqual(REPLICAS);

  for (let replica = 0; replica < REPLICAS; replica++) {
    const stats = await get<{ total_messages: number; senders_count: number }>(replica, '/stats');
    expect(stats).toMatchObject({ total_messages: MESSAGES, senders_count: SENDERS });
    const { total } = await get<{ total: number }>(replica, `/messages?limit=1&from=${encodeURIComponent('+497')}`);
    expect(total).toBe(MESSAGES / SENDERS);
    const late = await get<{ total: number }>(replica, '/messages?limit=1&since=2026-01-01T01:00:00Z');
    expect(late.total).toBe(MESSAGES - 3_600);
  }
  const stored: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { data: { message_id: string }[]; next_cursor: string | null } = await get(
      stored.length % REPLICAS,
      `/messages?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    stored.push(...page.data.map(({ message_id: id }) => id));
    cursor = page.next_cursor;
  }
  expect(stored).toEqual(Array.from({ length: MESSAGES }, (_, i) => `m${String(i)}`));

  const doctor = await run(process.execPath, [CLI, 'doctor'], {
    env: { ...process.env, DATABASE_URL: server.url },
  });
  expect(doctor.stdout).toMatch(/^ok +counters/m);
  // The replicas that nobody killed have lived through it all.
  for (const survivor of [replicas[0], replicas[3]]) expect(survivor?.child.exitCode).toBeNull();
}, 500_000);
