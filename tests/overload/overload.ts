import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { HttpClient } from '../support/http-client.ts';
import { startProcess } from '../support/service.ts';
import { sendAll, type Sent } from './senders.ts';

/** One kind of overload: the limited resource of the service, and the load. */
export interface Scenario {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The number of concurrent senders that the service has room for. */
  readonly senders: number;
  /** The approximate size of each body. */
  readonly bytes: number;
}

/** The store takes 40 ms for a commit: of 8 messages, of which 16 may wait; and of 4 bodies of 64 KiB where there is room for 16. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'messages',
    environment: { MAX_QUEUED_MESSAGES: '16', MAX_BATCH_MESSAGES: '8' },
    senders: 16,
    bytes: 100,
  },
  {
    name: 'bodies',
    environment: { MAX_BODY_BYTES: '66000', MAX_BUFFERED_BYTES: '1056000', MAX_BATCH_MESSAGES: '4' },
    senders: 16,
    bytes: 64 * 1_024,
  },
];

export const TIMES = 10;

const SLOW_STORE = new URL('slow-store.ts', import.meta.url).href;

export interface OverloadReport {
  readonly scenario: string;
  /** Messages stored per second at the number of senders that the service has room for. */
  readonly capacity: number;
  /** At half of the capacity. */
  readonly moderate: Sent;
  /** At ten times the capacity, from ten times as many senders. */
  readonly overload: Sent;
  /** The statuses of /health/ready during the run, with their numbers. */
  readonly readiness: ReadonlyMap<number, number>;
  /** Resident memory, in MiB: before the overload, and the maximum. */
  readonly memory: { readonly before: number; readonly peak: number };
  /** Acknowledged messages that are not stored, and ids that are stored more than once. */
  readonly lost: number;
  readonly doubled: number;
}

export interface OverloadOptions {
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: string) => void;
}

/** Runs one scenario against a process of its own, for a third of the time below, and two thirds above, what it can take. */
export async function overload(scenario: Scenario, options: OverloadOptions): Promise<OverloadReport> {
  const { seconds, signal, onPhase = () => undefined } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'overload-'));
  const { child, listening, ended } = startProcess(folder, {
    DATABASE_URL: `sqlite:///${path.join(folder, 'app.db')}`,
    NODE_OPTIONS: `--import=${SLOW_STORE}`,
    ...scenario.environment,
  });
  try {
    const client = await listening;
    const pid = child.pid ?? 0;
    const phase = (name: string, senders: number, perSecond: number, share: number): Promise<Sent> => {
      onPhase(`${scenario.name}: ${name}`);
      const { bytes } = scenario;
      return sendAll({
        ...{ port: client.port, senders, perSecond, bytes, signal },
        seconds: seconds * share,
        prefix: name,
      });
    };
    const full = await phase('capacity', scenario.senders, 1e6, 1 / 6);
    const capacity = full.acknowledged.length / full.seconds;
    const moderate = await phase('moderate', scenario.senders, Math.max(1, capacity / 2), 1 / 6);

    const before = residentMib(pid);
    const watching = new AbortController();
    const watched = watch(client, pid, watching.signal);
    const over = await phase('overload', TIMES * scenario.senders, Math.max(1, TIMES * capacity), 2 / 3);
    watching.abort();
    const { readiness, peak } = await watched;

    onPhase(`${scenario.name}: comparing`);
    const acknowledged = [full, moderate, over].flatMap((sent) => sent.acknowledged);
    const stored = await storedIds(client);
    return {
      ...{ scenario: scenario.name, capacity, moderate, overload: over, readiness },
      memory: { before, peak },
      lost: acknowledged.filter((id) => !stored.has(id)).length,
      doubled: [...stored.values()].filter((times) => times > 1).length,
    };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Polls readiness and memory. */
async function watch(client: HttpClient, pid: number, signal: AbortSignal) {
  const readiness = new Map<number, number>();
  let peak = 0;
  while (!signal.aborted) {
    const { status } = await client.fetch('/health/ready');
    readiness.set(status, (readiness.get(status) ?? 0) + 1);
    peak = Math.max(peak, residentMib(pid));
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), once(signal, 'abort')]);
  }
  return { readiness, peak };
}

/** How often each id is stored. */
async function storedIds(client: HttpClient): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = await client.fetch(`/messages?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const { data, next_cursor: next } = page.json() as { data: { message_id: string }[]; next_cursor: string | null };
    for (const { message_id: id } of data) ids.set(id, (ids.get(id) ?? 0) + 1);
    cursor = next;
  }
  return ids;
}

function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1_024);
}
