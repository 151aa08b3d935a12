import { createHash, type Hash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Comparison, Difference, StoreDigest } from '../../../application/ports/transfer.ts';
import { comparePositions, messageKey, sameContent, type Message } from '../../../domain/message.ts';
import { nextPage, spanOf, type ReadFrom } from '../query/message-pages.ts';

export interface CompareOptions {
  /** Messages of each store that are in memory. */
  readonly pageSize: number;
  readonly onProgress: (compared: number) => void;
  /** Called before each page. If it rejects, the comparison rejects with the same error. */
  readonly check: () => Promise<void>;
}

/**
 * Compares all messages of two stores, reading both in step. It may miss messages that are stored meanwhile; without concurrent
 * writes it is exact.
 */
export async function compareMessages(source: Knex, target: Knex, options: CompareOptions): Promise<Comparison> {
  const [left, right] = [await openSide(source, options), await openSide(target, options)];
  let firstDifference: Difference | null = null;
  for (;;) {
    if (left.peek() === undefined) options.onProgress(left.rows());
    const [a, b] = [left.peek() ?? (await left.more()), right.peek() ?? (await right.more())];
    const first = earlier(a, b);
    if (first === null) return { source: left.digest(), target: right.digest(), firstDifference };
    const { messageId, sentAt } = first.message;
    if (first.what !== 'in both') firstDifference ??= { messageId, sentAt, what: first.what };
    if (first.what !== 'only in the target') left.advance();
    if (first.what !== 'only in the source') right.advance();
  }
}

/** The next message in order, and which stores contain it. */
function earlier(
  a: Message | undefined,
  b: Message | undefined,
): { message: Message; what: Difference['what'] | 'in both' } | null {
  if (a === undefined) return b === undefined ? null : { message: b, what: 'only in the target' };
  const order = b === undefined ? -1 : comparePositions(a, b);
  if (b === undefined || order < 0) return { message: a, what: 'only in the source' };
  if (order > 0) return { message: b, what: 'only in the target' };
  return { message: a, what: sameContent(a, b) ? 'in both' : 'not the same in both' };
}

interface Side {
  /** The next message; undefined at the end of the page. */
  peek(): Message | undefined;
  /** Reads the next page and returns its first message; undefined at the end of the store. */
  more(): Promise<Message | undefined>;
  /** Adds the next message to the digest and moves past it. */
  advance(): void;
  rows(): number;
  digest(): StoreDigest;
}

async function openSide(db: Knex, { pageSize, check }: CompareOptions): Promise<Side> {
  const hash = createHash('sha256');
  const span = await spanOf(db);
  let from: ReadFrom | null = span === null ? null : { sentAt: span.first };
  let page: Message[] = [];
  let next = 0;
  let rows = 0;
  return {
    peek: () => page[next],
    async more() {
      if (from === null) return undefined;
      await check();
      page = await nextPage(db, from, pageSize);
      next = 0;
      from = page.length < pageSize ? null : (page.at(-1) ?? null);
      return page[0];
    },
    advance() {
      const message = page[next++];
      if (message === undefined) return;
      addTo(hash, message);
      rows++;
    },
    rows: () => rows,
    digest: () => ({ rows, sha256: hash.digest('hex') }),
  };
}

function addTo(hash: Hash, message: Message): void {
  const { from, to, sentAt, type, text } = message;
  hash.update(`${JSON.stringify([messageKey(message), from, to, String(sentAt), type, text])}\n`);
}
