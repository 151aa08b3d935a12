import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Rejections } from '../../../application/rejections/rejections.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import { isProvider, type Provider } from '../../../domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionReason, StoredRejection } from '../../../domain/rejection.ts';
import { formatTimestamp, type Timestamp } from '../../../domain/timestamp.ts';
import type { Operations } from './exchange.ts';
import type { Schemas } from '../contract/types.ts';
import { DEFAULT_LIMIT, pageStart } from './messages/page-start.ts';
import type { Problem } from '../middleware/problem.ts';
import { singleValues } from '../auth/security.ts';
import type { Visit } from '../middleware/request-context.ts';

const MAX_HEADERS = 64;
const MAX_DETAIL = 256;

export interface RejectionOptions {
  /** Bytes of a refused body that are kept; 0: none. */
  readonly excerptBytes: number;
  /** The usual mistake that explains why a delivery was refused. Never throws. */
  readonly diagnose: (provider: Provider, delivery: Delivery) => string | null;
  /** A sentence for people on each such mistake. */
  readonly advice: Readonly<Record<string, string>>;
}

/** Records the refusal of a webhook, if the problem is one of the sender's: not for the want of a secret or of a store. */
export function recordRejection(
  rejections: Rejections,
  visit: Visit,
  problem: Problem,
  receivedAt: Timestamp,
  options: RejectionOptions,
): void {
  const { provider, requestId, body, ctx } = visit;
  const reason = reasonOf(problem, visit);
  if (provider === undefined || reason === null) return;
  visit.rejection = reason;
  const { headers, url: target = '/' } = ctx.req;
  const fields = { receivedAt, provider, reason, requestId, detail: detailOf(problem, visit), ...headersOf(headers) };
  const isRead = reason !== 'too_large';
  rejections.record(provider, reason, (): Rejection => {
    const delivery = { body, headers: singleValues(headers), target };
    return {
      ...fields,
      diagnosis:
        reason === 'wrong_digest' || reason === 'malformed_signature' || reason === 'missing_header'
          ? options.diagnose(provider, delivery)
          : null,
      bodyBytes: body.length,
      bodySha256: isRead ? createHash('sha256').update(body).digest('hex') : null,
      excerpt: isRead ? excerptOf(body, options.excerptBytes) : null,
    };
  });
}

function reasonOf({ kind, errors }: Problem, { refusal }: Visit): RejectionReason | null {
  if (refusal !== undefined) return refusal.reason === 'no_secret_configured' ? null : refusal.reason;
  if (kind === 'content-too-large') return 'too_large';
  if (kind === 'unsupported-media-type') return 'media_type';
  if (kind !== 'validation-error') return null;
  return errors?.[0]?.type === 'json_invalid' ? 'malformed_json' : 'schema';
}

function detailOf({ errors, kind, detail }: Problem, { refusal }: Visit): string | null {
  if (refusal?.deltaSeconds !== undefined) return `${String(refusal.deltaSeconds)} s from now`;
  if (errors !== undefined)
    return errors
      .map(({ loc }) => loc.join('.'))
      .join(', ')
      .slice(0, MAX_DETAIL);
  return kind === 'content-too-large' || kind === 'unsupported-media-type' ? detail : null;
}

function headersOf(headers: IncomingHttpHeaders): { headerNames: readonly string[] } {
  const names = Object.keys(headers).map((name) => name.slice(0, 64));
  return { headerNames: names.sort().slice(0, MAX_HEADERS) };
}

function excerptOf(body: Uint8Array, bytes: number): string | null {
  if (bytes === 0) return null;
  return Buffer.from(body.subarray(0, bytes)).toString('utf8').replaceAll('\0', '\uFFFD');
}

/** What operators read. */
export function rejectionOperations(
  rejections: Rejections,
  { advice }: RejectionOptions,
): Pick<Operations, 'listRejections'> {
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

function toDto(rejection: StoredRejection, advice: RejectionOptions['advice']): Schemas['Rejection'] {
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
