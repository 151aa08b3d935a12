import type { Rejections } from '../../../application/rejections/rejections.ts';
import { isProvider } from '../../../domain/provider.ts';
import type { RejectionFilter, StoredRejection } from '../../../domain/rejection.ts';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import type { Schemas } from '../contract/types.ts';
import type { Operations } from './exchange.ts';
import { DEFAULT_LIMIT, pageStart } from './page-start.ts';

/** A sentence for people on each mistake that a diagnosis can name. */
export type Advice = Readonly<Record<string, string>>;

/** The operation with which operators read rejections. */
export function rejectionOperations(rejections: Rejections, advice: Advice): Pick<Operations, 'listRejections'> {
  return {
    async listRejections({ query }) {
      const { limit = DEFAULT_LIMIT, offset = 0 } = query;
      const filter: RejectionFilter = {
        ...(query.provider !== undefined && isProvider(query.provider) && { provider: query.provider }),
        ...(query.reason !== undefined && { reason: query.reason }),
      };
      const start = pageStart(query, (cursor) => decodeCursor(cursor, filter));
      const { rejections: page, total, hasMore } = await rejections.list(filter, start, limit);
      const last = page.at(-1);
      return {
        status: 200,
        type: 'application/json',
        body: {
          data: page.map((rejection) => toDto(rejection, advice)),
          total,
          limit,
          offset,
          next_cursor: hasMore && last !== undefined ? encodeCursor(last.id, filter) : null,
        },
      };
    },
  };
}

function toDto(rejection: StoredRejection, advice: Advice): Schemas['Rejection'] {
  const { diagnosis } = rejection;
  return {
    id: rejection.id,
    ts: formatTimestamp(rejection.receivedAt),
    provider: rejection.provider,
    reason: rejection.reason,
    detail: rejection.detail,
    diagnosis: diagnosis === null ? null : { mistake: diagnosis, advice: advice[diagnosis] ?? diagnosis },
    request_id: rejection.requestId,
    body_bytes: rejection.bodyBytes,
    body_sha256: rejection.bodySha256,
    header_names: [...rejection.headerNames],
    excerpt: rejection.excerpt,
  };
}

function encodeCursor(id: number, { provider, reason }: RejectionFilter): string {
  return Buffer.from(JSON.stringify([id, provider ?? null, reason ?? null])).toString('base64url');
}

/** Null unless it was made by {@link encodeCursor} for the same filter. */
function decodeCursor(cursor: string, filter: RejectionFilter): { readonly beforeId: number } | null {
  const id = /^\[(\d{1,15}),/.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  return id !== undefined && encodeCursor(Number(id), filter) === cursor ? { beforeId: Number(id) } : null;
}
