import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Rejections } from '../../../application/rejections/rejections.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import type { Provider } from '../../../domain/provider.ts';
import type { Rejection, RejectionReason } from '../../../domain/rejection.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { singleValues } from '../auth/single-values.ts';
import type { Problem } from '../problem.ts';
import type { RequestContext } from './request-context.ts';

const MAX_HEADERS = 64;
const MAX_DETAIL = 256;

export interface RejectionRecording {
  /** Bytes of a rejected body that are kept; 0 for none. */
  readonly excerptBytes: number;
  /** The common mistake that explains why a delivery was rejected. Never throws. */
  readonly diagnose: (provider: Provider, delivery: Delivery) => string | null;
}

/** Records the rejection of a webhook if the sender caused it; a missing secret or an unavailable store is not the sender's fault. */
export function recordRejection(
  rejections: Rejections,
  request: RequestContext,
  problem: Problem,
  receivedAt: Timestamp,
  options: RejectionRecording,
): void {
  const { provider, requestId, body, ctx } = request;
  const reason = reasonOf(problem, request);
  if (provider === undefined || reason === null) return;
  request.rejection = reason;
  const { headers, url: target = '/' } = ctx.req;
  const fields = { receivedAt, provider, reason, requestId, detail: detailOf(problem, request), ...headersOf(headers) };
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

function reasonOf({ kind, errors }: Problem, { refusal }: RequestContext): RejectionReason | null {
  if (refusal !== undefined) return refusal.reason === 'no_secret_configured' ? null : refusal.reason;
  if (kind === 'content-too-large') return 'too_large';
  if (kind === 'unsupported-media-type') return 'media_type';
  if (kind !== 'validation-error') return null;
  return errors?.[0]?.type === 'json_invalid' ? 'malformed_json' : 'schema';
}

function detailOf({ errors, kind, detail }: Problem, { refusal }: RequestContext): string | null {
  if (refusal?.deltaSeconds !== undefined) return `${String(refusal.deltaSeconds)} s from now`;
  if (refusal?.detail !== undefined) return refusal.detail;
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
