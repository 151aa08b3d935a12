import { threadedMessageRepository } from '../src/adapters/persistence/threaded-message-repository.ts';
import { newMessage } from '../src/domain/message.ts';
import { timestamp } from '../src/domain/timestamp.ts';
import { sample } from './sample.ts';
import { startService } from './subjects.ts';

export interface Reads {
  readonly rows: number;
  /** Median milliseconds by the name of the read. */
  readonly ms: Readonly<Record<string, number>>;
  readonly memory: number;
}

const BATCH = 5_000;
const ROUNDS = 15;

/** Fills an empty, migrated database from `have` to `rows` messages and waits until the search index has them all. */
export async function fill(file: string, have: number, rows: number, progress: (done: number) => void): Promise<void> {
  const repository = threadedMessageRepository({ file, readTimeoutMs: 60_000, maxQueuedReads: 10 });
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

/** Times every kind of read over HTTP on a database of so many rows. */
export async function measureReads(file: string, rows: number): Promise<Reads> {
  const service = await startService(file);
  const base = `http://127.0.0.1:${String(service.port)}`;
  try {
    const middle = encodeURIComponent(sample('', Math.floor(rows / 2)).ts);
    const page = (await (await fetch(`${base}/messages?limit=50&offset=${String(Math.floor(rows / 2))}`)).json()) as {
      next_cursor: string;
    };
    const paths: Readonly<Record<string, string>> = {
      '/stats': '/stats',
      'first page': '/messages',
      from: `/messages?from=${encodeURIComponent(sample('', 3).from)}`,
      since: `/messages?since=${middle}`,
      'cursor page': `/messages?cursor=${page.next_cursor}`,
      'rare q': `/messages?q=${encodeURIComponent(`(${String(Math.floor(rows / 2))})`)}`,
      'last offset page': `/messages?offset=${String(rows - 50)}`,
      'q in every 10th': '/messages?q=STRASSE',
      'q in all': '/messages?q=hello',
      'q of 2 characters': '/messages?q=zq',
    };
    const ms: Record<string, number> = {};
    for (const [name, path] of Object.entries(paths)) ms[name] = await medianOf(() => get(base + path));
    return { rows, ms, memory: service.memory() };
  } finally {
    await service.stop();
  }
}

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${String(response.status)} ${body}`);
}

async function medianOf(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  await run(); // the pages of the file are in memory from here on
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}
