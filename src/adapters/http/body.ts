import type { IncomingMessage } from 'node:http';
import type { BodyShare } from './body-budget.ts';
import { invalid, Problem } from './problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const MEDIA_TYPE = /^([a-z]+\/[a-z-]+)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The whole body as it was sent, at most `maxBytes` of it, and no more than its share of the memory for all bodies has room for. A
 * declared length over either is refused before a byte is read; a body that grows over it is left unread from there on.
 * What was taken of the share is for the caller to release, however this ends. `refusal` makes the Problem for a body that is
 * too large, which must close the connection.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  share: BodyShare,
  refusal: () => Problem = () => tooLarge(maxBytes),
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw refusal();
  if (!share.admits(declared)) throw noRoom();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
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
      length += chunk.length;
      if (length > maxBytes) refuse(refusal());
      else if (!share.take(chunk.length)) refuse(noRoom());
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
      });
    };
    const onCut = (): void => {
      refuse(new Problem('bad-request', { detail: 'the body ended before its declared length' }));
    };
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
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
    headers: { Connection: 'close' }, // what is left of the body is not read
  });
}

function noRoom(): Problem {
  return new Problem('unavailable', {
    headers: { 'Retry-After': '1', Connection: 'close' }, // as above
    cause: new Error('request bodies fill MAX_BUFFERED_BYTES'),
  });
}
