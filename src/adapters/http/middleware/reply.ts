import { Readable } from 'node:stream';
import type { HttpContext } from './request-context.ts';

/** The reply of any operation. */
export interface AnyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly type?: string;
  readonly body?: unknown;
}

/** Writes a reply into Koa's answer. If the client already has it, according to its ETag, it becomes a 304. */
export function writeReply(ctx: HttpContext, reply: AnyReply): void {
  ctx.status = reply.status;
  for (const [name, value] of Object.entries(reply.headers ?? {})) ctx.set(name, String(value));
  if (reply.type === undefined) return;
  if (!ctx.response.get('Content-Type')) ctx.type = reply.type;
  const { body } = reply;
  const isBytes = body instanceof Uint8Array;
  ctx.body = isBytes
    ? Buffer.from(body.buffer, body.byteOffset, body.length)
    : typeof body === 'string' || body instanceof Readable
      ? body
      : JSON.stringify(body);
  const etag = reply.headers?.['ETag'];
  if (reply.status === 200 && etag !== undefined && namesEtag(ctx.get('If-None-Match'), String(etag))) ctx.status = 304;
}

/** RFC 9110, section 13.1.2. Koa's `fresh` is not used: it obeys Cache-Control, which fetch adds and which is meant for caches only. */
function namesEtag(ifNoneMatch: string, etag: string): boolean {
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
