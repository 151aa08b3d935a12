import { Readable } from 'node:stream';
import type { HttpContext } from './request-context.ts';

/** The reply of any operation. */
export interface AnyReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly type?: string;
  readonly body?: unknown;
}

/** A reply whose body is as it will be sent; undefined if it has none. */
export interface EncodedReply extends AnyReply {
  readonly body: Buffer | string | Readable | undefined;
}

/** A text up to this length is sent with the head in one write. */
const SHORT_TEXT = 4_096;

/** Encodes the body of a reply. A long text becomes a Buffer, which is not copied again when it is sent. */
export function encodeReply(reply: AnyReply): EncodedReply {
  return { ...reply, body: reply.type === undefined ? undefined : encoded(reply.body) };
}

function encoded(body: unknown): Buffer | string | Readable {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.length);
  if (body instanceof Readable) return body;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text.length > SHORT_TEXT ? Buffer.from(text) : text;
}

/** Writes a reply into Koa's answer. If the client already has it, according to its ETag, it becomes a 304. */
export function writeReply(ctx: HttpContext, { status, headers = {}, type, body }: EncodedReply): void {
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store'); // pages and assets say otherwise
  for (const [name, value] of Object.entries(headers)) ctx.set(name, String(value));
  if (type === undefined) return;
  if (!ctx.response.get('Content-Type')) ctx.type = type;
  ctx.body = body;
  const etag = headers['ETag'];
  if (status === 200 && etag !== undefined && namesEtag(ctx.get('If-None-Match'), String(etag))) ctx.status = 304;
}

/** RFC 9110, section 13.1.2. Koa's `fresh` is not used: it obeys Cache-Control, which fetch adds and which is meant for caches only. */
function namesEtag(ifNoneMatch: string, etag: string): boolean {
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
