import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { contractFaults } from './contract-check.ts';

/** One block of an event stream, as the HTML Standard defines it. */
export interface StreamEvent {
  /** `message` unless the block names another. */
  readonly event: string;
  /** The last id up to here. */
  readonly id: string;
  readonly data: string;
}

export interface EventStreamReader {
  readonly status: number;
  readonly headers: Headers;
  /** Everything received so far, unchanged. */
  readonly text: () => string;
  /** The next event with data; rejects if the stream ends before it. */
  readonly next: () => Promise<StreamEvent>;
  /** Resolves when everything received so far contains this. */
  readonly until: (text: string) => Promise<void>;
  /** The last id, with or without data. */
  readonly lastId: () => string;
  /** Resolves when the other side has ended it; `whole`: in order, and not within the answer. */
  readonly ended: Promise<{ readonly whole: boolean }>;
  readonly pause: () => void;
  readonly close: () => Promise<void>;
}

/** Opens a stream; resolves with its head, which must obey the contract. */
export async function openEventStream(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStreamReader> {
  const { hostname, port } = new URL(origin);
  const outgoing: ClientRequest = request({ hostname, port, path, headers, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  outgoing.on('error', () => undefined); // it was cut, which `ended` reports
  const received = new Headers(
    Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
  let text = '';
  let parsed = 0;
  let lastId = '';
  const events: StreamEvent[] = [];
  const changed = new Set<() => void>();
  const tell = (): void => {
    for (const one of [...changed]) one();
  };
  incoming.setEncoding('utf8');
  incoming.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n', parsed); end !== -1; end = text.indexOf('\n\n', parsed)) {
      const fields = fieldsOf(text.slice(parsed, end));
      parsed = end + 2;
      lastId = fields.get('id') ?? lastId;
      const data = fields.get('data');
      if (data !== undefined) events.push({ event: fields.get('event') ?? 'message', id: lastId, data });
    }
    tell();
  });
  incoming.on('error', () => undefined);
  let over = false;
  // Not by `once`, which would reject for an error.
  const ended = new Promise<{ whole: boolean }>((resolve) => {
    incoming.on('close', () => {
      over = true;
      tell();
      resolve({ whole: incoming.complete });
    });
  });

  async function found<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const value = look();
      if (value !== undefined) return value;
      if (over) throw new Error(`the stream has ended with ${JSON.stringify(text)}`);
      await new Promise<void>((resolve) => {
        const once = (): void => {
          changed.delete(once);
          resolve();
        };
        changed.add(once);
      });
    }
  }

  // An answer that does not end can only be judged by its head and its beginning.
  const isStream = incoming.headers['content-type']?.startsWith('text/event-stream') === true;
  await (isStream ? found(() => (text.includes('\n\n') ? true : undefined)) : ended);
  const faults = contractFaults('GET', path, { status: incoming.statusCode ?? 0, headers: received, body: text });
  if (faults.length > 0) throw new Error(`not as the contract says:\n${faults.join('\n')}`);
  return {
    status: incoming.statusCode ?? 0,
    headers: received,
    text: () => text,
    next: () => found(() => events.shift()),
    async until(wanted) {
      await found(() => (text.includes(wanted) ? true : undefined));
    },
    lastId: () => lastId,
    ended,
    pause: () => incoming.pause(),
    async close() {
      outgoing.destroy();
      await ended;
    },
  };
}

function fieldsOf(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (name === '') continue; // a comment
    const before = name === 'data' ? fields.get(name) : undefined;
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  return fields;
}
