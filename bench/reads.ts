import { pooledMessageRepository } from '../src/adapters/persistence/postgres/store.ts';
import { threadedMessageRepository } from '../src/adapters/persistence/sqlite/store.ts';
import { newMessage } from '../src/domain/message.ts';
import { timestamp } from '../src/domain/timestamp.ts';
import { sample } from './sample.ts';
import { startService, type Subject } from './subjects.ts';

export interface Reads {
  readonly rows: number;
  /** Median milliseconds by the name of the read. */
  readonly ms: Readonly<Record<string, number>>;
  readonly memory: number;
}

const BATCH = 5_000;
const ROUNDS = 15;

/** Fills an empty, migrated database from `have` to `rows` messages and waits until the search index has them all. */
export async function fill(url: string, have: number, rows: number, progress: (done: number) => void): Promise<void> {
  const reading = { readTimeoutMs: 60_000, maxQueuedReads: 10 };
  const repository = url.startsWith('sqlite:')
    ? threadedMessageRepository({ file: url.replace('sqlite:///', ''), ...reading })
    : pooledMessageRepository({ url, poolSize: 2, maxCommits: 4, ...reading });
  for (let first = have; first < rows; first += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, rows - first) }, (_, i) => {
      const { message_id: messageId, from, to, ts, text } = sample('', first + i);
      return newMessage({ messageId, from, to, sentAt: timestamp(ts), text });
    });
    await repository.add(batch);
    progress(first + batch.length);
  }
  await repository.caughtUp();
  await repository.close();
}

/**
 * Times every kind of read over HTTP on databases of several sizes. The sizes take turns for each read, which spreads other
 * load of the machine over all of them.
 */
export async function measureReads(
  databases: readonly { readonly url: string; readonly rows: number }[],
  progress: (read: string) => void,
): Promise<Reads[]> {
  const subjects = await Promise.all(
    databases.map(async ({ url, rows }) => {
      const service = await startService(url);
      return { service, rows, urls: await urlsOf(service, rows), times: new Map<string, number[]>() };
    }),
  );
  try {
    for (const name of Object.keys(subjects[0]?.urls ?? {})) {
      progress(name);
      for (let round = 0; round <= ROUNDS; round++) {
        for (const { urls, times } of subjects) {
          const start = performance.now();
          await get(urls[name] ?? '');
          // The first only brings the pages of the file into memory.
          if (round > 0) times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
        }
      }
    }
    return subjects.map(({ service, rows, times }) => ({
      rows,
      ms: Object.fromEntries(Array.from(times, ([name, taken]) => [name, median(taken)])),
      memory: service.memory(),
    }));
  } finally {
    await Promise.all(subjects.map(({ service }) => service.stop()));
  }
}

async function urlsOf(service: Subject, rows: number): Promise<Readonly<Record<string, string>>> {
  const base = `http://127.0.0.1:${String(service.port)}`;
  const half = Math.floor(rows / 2);
  const page = (await (await fetch(`${base}/messages?limit=50&offset=${String(half)}`)).json()) as {
    next_cursor: string;
  };
  const paths = {
    '/stats': '/stats',
    'first page': '/messages',
    from: `/messages?from=${encodeURIComponent(sample('', 3).from)}`,
    since: `/messages?since=${encodeURIComponent(sample('', half).ts)}`,
    'cursor page': `/messages?cursor=${page.next_cursor}`,
    'rare q': `/messages?q=${encodeURIComponent(`(${String(half)})`)}`,
    'last offset page': `/messages?offset=${String(rows - 50)}`,
    'q in every 10th': '/messages?q=STRASSE',
    'q in all': '/messages?q=hello',
    'q of 2 characters': '/messages?q=zq',
  };
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, base + path]));
}

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${String(response.status)} ${body}`);
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
