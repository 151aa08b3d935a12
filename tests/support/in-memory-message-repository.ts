import type { Erased, MessageFilter, MessageRepository, PageStart } from '../../src/application/ports/store.ts';
import { idNamesNumber } from '../../src/adapters/providers/whatsapp/message-id.ts';
import { isErased, type ErasureRule } from '../../src/domain/erasure-rule.ts';
import type { FeedEntry } from '../../src/domain/stream-position.ts';
import {
  comparePositions,
  fromMessageKey,
  messageKey,
  newMessage,
  type Message,
  type MessageId,
  type MessageKey,
  type Order,
  type Position,
} from '../../src/domain/message.ts';
import { containsIgnoringCase } from '../../src/domain/text-folding.ts';
import { statsOf } from '../../src/domain/stats.ts';
import { timeseriesOf } from '../../src/domain/timeseries.ts';
import {
  isMessage,
  supersedes,
  type Receipt,
  type MessageStatus,
  type NewMessage,
  type NewUpdate,
  type Payload,
  type StatusUpdate,
} from '../../src/domain/update.ts';
import { outcomeOfRepeat, type UpdateOutcome } from '../../src/domain/ingest-outcome.ts';

export interface InMemoryMessageRepository extends MessageRepository {
  /** The final effect of the eraser of any other store. */
  readonly erase: (rule: ErasureRule) => Omit<Erased, 'excerpts'>;
}
/** There is only one epoch: a position never belongs to another message, and nothing is restored. */
const EPOCH = 'memory';

/**
 * The repository in its simplest form, and the model for all others. Keeps nothing after the process ends, so
 * "durable" cannot mean more here. For tests, so every answer is a scan.
 */
export function inMemoryMessageRepository(): InMemoryMessageRepository {
  const stored = new Map<MessageKey, Message>();
  const feed: FeedEntry[] = [];
  const receipts = new Map<MessageKey, Receipt>();
  const payloads = new Map<MessageKey, Payload>();
  const deliveries = new Map<MessageKey, MessageKey>(); // and the messages that they contained
  const statuses = new Map<MessageKey, MessageStatus>();

  function addOne(update: NewUpdate): UpdateOutcome {
    if (isMessage(update)) return addMessage(update);
    return update.kind === 'status' ? setStatus(update) : 'kept';
  }

  function addMessage(news: NewMessage): UpdateOutcome {
    const { payload, deliveryId } = news;
    const message = newMessage(news);
    const key = messageKey(message);
    const delivery = deliveryId === undefined ? null : messageKey({ ...message, messageId: deliveryId as MessageId });
    if (delivery !== null && deliveries.has(delivery)) return 'duplicate';
    const existing = stored.get(key);
    if (existing !== undefined) return outcomeOfRepeat(news, existing);
    stored.set(key, message);
    feed.push({ message, position: { epoch: EPOCH, at: BigInt(feed.length) + 1n, key: '' } });
    receipts.set(key, { receivedAt: news.receivedAt ?? null, traceId: news.traceId ?? null });
    if (payload !== undefined) payloads.set(key, payload);
    if (delivery !== null) deliveries.set(delivery, key);
    return 'created';
  }

  function setStatus(status: StatusUpdate): UpdateOutcome {
    const key = messageKey(status);
    const known = statuses.get(key);
    if (known !== undefined && !supersedes(status, known)) return 'status_stale';
    statuses.set(key, { state: status.state, at: status.at });
    return 'status_updated';
  }

  function erase(rule: ErasureRule): Omit<Erased, 'excerpts'> {
    const gone = new Set(
      Array.from(stored)
        .filter(([key, message]) => isErased({ ...message, receivedAt: receipts.get(key)?.receivedAt ?? null }, rule))
        .map(([key]) => key),
    );
    const isStray = (key: MessageKey, { at }: MessageStatus): boolean =>
      !stored.has(key) &&
      (rule.of === 'age' ? at < rule.before : idNamesNumber(fromMessageKey(key).messageId, rule.number));
    const states = Array.from(statuses).filter(([key, status]) => gone.has(key) || isStray(key, status));
    const bodies = new Set(Array.from(payloads).flatMap(([key, payload]) => (gone.has(key) ? [payload] : [])));
    for (const key of gone) for (const each of [stored, receipts, payloads]) each.delete(key);
    for (const [key] of states) statuses.delete(key);
    for (const [delivery, key] of deliveries) if (gone.has(key)) deliveries.delete(delivery);
    const others = Array.from(payloads).filter(([, payload]) => bodies.has(payload));
    if (rule.of === 'age') {
      for (const [, payload] of others) bodies.delete(payload); // another message still refers to it
    } else {
      for (const [key] of others) payloads.delete(key);
    }
    const bereft = rule.of === 'age' ? 0 : others.length;
    return { messages: gone.size, statuses: states.length, bodies: bodies.size, bereft };
  }

  return {
    erase,

    add: (updates) =>
      Promise.resolve().then(() => {
        // Before any is stored: if one cannot be stored, none is.
        for (const update of updates) if (isMessage(update)) newMessage(update);
        return updates.map(addOne);
      }),

    find(messageId, provider) {
      const found = Array.from(stored.values())
        .filter((message) => message.messageId === messageId && (provider ?? message.provider) === message.provider)
        .sort((a, b) => comparePositions({ ...a, sentAt: b.sentAt }, b));
      return Promise.resolve(found[0] ?? null);
    },

    findStatus: (key) => Promise.resolve(statuses.get(key) ?? null),

    findReceipt: (key) => Promise.resolve(receipts.get(key) ?? null),

    findPayload: (key) => Promise.resolve(payloads.get(key) ?? null),

    list(filter, start, limit, order = 'asc') {
      const matches = Array.from(stored.values())
        .filter((message) => matchesFilter(message, filter))
        .sort(inOrder(order));
      const first = firstIndex(matches, start, order);
      return Promise.resolve({
        messages: matches.slice(first, first + limit),
        total: matches.length,
        hasMore: matches.length > first + limit,
      });
    },

    stats: () => Promise.resolve(statsOf(stored.values())),

    readFeed(after, limit) {
      if (after.epoch !== EPOCH || after.at > feed.length) return Promise.resolve('unknown_position');
      const entries = feed
        .slice(Number(after.at))
        .filter(({ message }) => stored.get(messageKey(message)) === message)
        .slice(0, limit);
      return Promise.resolve({ entries, position: entries.at(-1)?.position ?? after });
    },

    feedEnd: () => Promise.resolve({ epoch: EPOCH, at: BigInt(feed.length), key: '' }),

    timeseries: (range, bucket, from) => {
      const counted = Array.from(stored.values()).filter((message) => from === undefined || message.from === from);
      return Promise.resolve(timeseriesOf(counted, range, bucket));
    },

    health: () => Promise.resolve({ database: 'ok', schema: 'ok' }),
  };
}

function matchesFilter({ from, sentAt, text }: Message, filter: MessageFilter): boolean {
  return (
    (filter.from === undefined || from === filter.from) &&
    (filter.since === undefined || sentAt >= filter.since) &&
    (filter.until === undefined || sentAt < filter.until) &&
    (filter.contains === undefined || (text !== null && containsIgnoringCase(text, filter.contains)))
  );
}

function inOrder(order: Order): (a: Position, b: Position) => number {
  return order === 'asc' ? comparePositions : (a, b) => comparePositions(b, a);
}

function firstIndex(matches: readonly Message[], start: PageStart, order: Order): number {
  if ('offset' in start) return start.offset;
  const index = matches.findIndex((message) => inOrder(order)(message, start.after) > 0);
  return index === -1 ? matches.length : index;
}
