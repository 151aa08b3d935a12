import type { IngestOutcome, MessageFilter, MessageRepository, PageStart } from '../../application/ports.ts';
import { comparePositions, sameContent, type Message, type MessageId } from '../../domain/message.ts';
import { containsIgnoringCase } from '../../domain/search.ts';
import { statsOf } from '../../domain/stats.ts';

/**
 * The repository in its plainest form: what every other one must answer. Keeps nothing after the process ends, so
 * "durable" is as true here as it can be. For tests, which is why every answer is a scan.
 */
export function inMemoryMessageRepository(): MessageRepository {
  const stored = new Map<MessageId, Message>();

  function addOne(message: Message): IngestOutcome {
    const existing = stored.get(message.messageId);
    if (existing !== undefined) return sameContent(existing, message) ? 'duplicate' : 'conflict';
    stored.set(message.messageId, message);
    return 'created';
  }

  return {
    add: (messages) => Promise.resolve(messages.map(addOne)),

    find: (messageId) => Promise.resolve(stored.get(messageId) ?? null),

    list(filter, start, limit) {
      const matches = Array.from(stored.values())
        .filter((message) => matchesFilter(message, filter))
        .sort(comparePositions);
      const first = firstIndex(matches, start);
      return Promise.resolve({
        messages: matches.slice(first, first + limit),
        total: matches.length,
        hasMore: matches.length > first + limit,
      });
    },

    stats: () => Promise.resolve(statsOf(stored.values())),

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

function firstIndex(matches: readonly Message[], start: PageStart): number {
  if ('offset' in start) return start.offset;
  const index = matches.findIndex((message) => comparePositions(message, start.after) > 0);
  return index === -1 ? matches.length : index;
}
