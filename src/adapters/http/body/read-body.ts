import type { IncomingMessage } from 'node:http';
import type { BodyShare } from './body-budget.ts';
import { invalid, Problem } from '../middleware/problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const MEDIA_TYPE = /^([a-z]+\/[a-z-]+)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The whole body as it was sent, at most `maxBytes` of it, and no more than its share of the memory for all bodies has room for. A
 * declared length over either is refused before a byte is read; a body that grows over it is left unread from there on.
 * What was taken of the share is for the caller to release, however this ends.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, share: BodyShare): Promise<Buffer> {
  const declared = declaredLength(request);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (!share.admits(declared)) throw noRoom();
  const pieces = collector(declared || maxBytes, share);
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      settled();
    };
    const refuse = (problem: Problem): void => {
      settle(() => {
        reject(problem);
      });
    };
    const onData = (chunk: Buffer): void => {
      if (pieces.length() + chunk.length > maxBytes) refuse(tooLarge(maxBytes));
      else if (!pieces.add(chunk)) refuse(noRoom());
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(pieces.whole());
      });
    };
    const onCut = (): void => {
      refuse(new Problem('bad-request', { detail: 'the body ended before its declared length' }));
    };
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/** Whether a request says that a body follows. */
export function announcesBody(request: IncomingMessage): boolean {
  return isChunked(request.headers) || declaredLength(request) > 0;
}

/** Bytes of the body as its head tells them; 0 when it does not. */
export function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

/** Whether it comes in chunks, of which each may be a single byte: a Buffer of its own, of some 450. */
export function isChunked(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined;
}

/** Room that is made for small pieces: a Buffer for each would cost hundreds of times their bytes. */
const BLOCK_BYTES = 16_384;

/**
 * Puts the pieces of a body together in few blocks, and takes each from the share as it is allocated: what is held is what the memory
 * is full of. No block is larger than what may still come of `mostBytes`.
 */
function collector(mostBytes: number, share: BodyShare) {
  const blocks: Buffer[] = [];
  let length = 0;
  let last = Buffer.alloc(0);
  let used = 0;
  return {
    length: (): number => length,
    /** Gives false, and the body is of no use any more, when the share has no room for it. */
    add(piece: Buffer): boolean {
      const fitting = piece.copy(last, used);
      used += fitting;
      length += fitting;
      const rest = piece.length - fitting;
      if (rest === 0) return true;
      const size = Math.max(rest, Math.min(BLOCK_BYTES, mostBytes - length));
      if (!share.take(size)) return false;
      last = Buffer.allocUnsafeSlow(size); // not from Node's pool, which would stay as long as the longest body in it
      used = piece.copy(last, 0, fitting);
      length += rest;
      blocks.push(last);
      return true;
    },
    whole: (): Buffer => (blocks.length === 1 ? last.subarray(0, length) : Buffer.concat(blocks, length)),
  };
}

const PARSERS: Readonly<Record<string, (body: Uint8Array) => object>> = {
  'application/json': parseJsonObject,
  'application/x-www-form-urlencoded': parseForm,
};

/**
 * What the body says, in one of the media types that an operation takes. 415 when it is declared as another, is in another
 * encoding than UTF-8, or is compressed; 422 when it is not what it is declared as.
 */
export function parseBody(
  headers: IncomingMessage['headers'],
  mediaTypes: readonly string[],
  body: Uint8Array,
): object {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', { detail: 'send the body without Content-Encoding' });
  }
  const declared = MEDIA_TYPE.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? '';
  const parse = mediaTypes.includes(declared) ? PARSERS[declared] : undefined;
  if (parse !== undefined) return parse(body);
  throw new Problem('unsupported-media-type', { detail: `send the body as ${mediaTypes.join(' or ')}` });
}

/** The object the bytes are the JSON of; 422 when they are not UTF-8, not JSON, or another kind of value. */
export function parseJsonObject(body: Uint8Array): object {
  const value = parseJson(body);
  // openapi-backend would take a string for JSON that is still to be parsed, and null for no body at all.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid({ loc: ['body'], msg: 'must be object', type: 'object_type' });
}

/** The parameters of a form (https://url.spec.whatwg.org/#urlencoded-parsing); of those that are repeated, the first. */
function parseForm(body: Uint8Array): object {
  return Object.fromEntries([...new URLSearchParams(decode(body))].reverse());
}

function parseJson(body: Uint8Array): unknown {
  const text = decode(body);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's message quotes the body, which may hold a text: not for an answer that proxies log.
    throw invalid({ loc: ['body'], msg: text === '' ? 'must not be empty' : 'must be JSON', type: 'json_invalid' });
  }
}

function decode(body: Uint8Array): string {
  try {
    return UTF_8.decode(body);
  } catch {
    throw invalid({ loc: ['body'], msg: 'must be UTF-8', type: 'json_invalid' });
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('content-too-large', {
    detail: `the body is larger than ${String(maxBytes)} bytes`,
    headers: { Connection: 'close' }, // what is left of the body is thrown away, see linger.ts
  });
}

function noRoom(): Problem {
  return new Problem('unavailable', {
    headers: { 'Retry-After': '1', Connection: 'close' }, // as above
    cause: new Error('request bodies fill MAX_BUFFERED_BYTES'),
  });
}
