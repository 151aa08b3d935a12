import type { RejectionLog } from '../../src/application/ports/store.ts';
import type { StoredRejection } from '../../src/domain/rejection.ts';

/** The rejection log in its simplest form, and the model for all others. For tests. */
export function inMemoryRejectionLog(): RejectionLog {
  let stored: StoredRejection[] = [];
  let lastId = 0;

  return {
    add(rejections, { maxRows, notBefore }) {
      stored.push(...rejections.map((rejection) => ({ ...rejection, id: ++lastId })));
      stored = stored.slice(Math.max(0, stored.length - maxRows));
      const young = stored.findIndex(({ receivedAt }) => receivedAt >= notBefore);
      stored = young === -1 ? [] : stored.slice(young);
      return Promise.resolve();
    },

    list({ provider, reason }, start, limit) {
      const matches = stored
        .filter((one) => (provider ?? one.provider) === one.provider && (reason ?? one.reason) === one.reason)
        .reverse();
      const from = 'offset' in start ? matches.slice(start.offset) : matches.filter(({ id }) => id < start.beforeId);
      return Promise.resolve({
        rejections: from.slice(0, limit),
        total: matches.length,
        hasMore: from.length > limit,
      });
    },
  };
}
