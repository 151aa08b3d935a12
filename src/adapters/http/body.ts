import type { IncomingMessage } from 'node:http';
import { invalid, Problem } from './problem.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const JSON_MEDIA_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * The whole body as it was sent, at most `maxBytes` of it. A declared length over the limit is refused before a byte is
 * read; a body that grows over it is left unread from there on.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (settled: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
      settled();
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes) {
        settle(() => {
          reject(tooLarge(maxBytes));
        });
      }
    };
    const onEnd = (): void => {
      settle(() => {
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
      });
    };
    const onCut = (): void => {
      settle(() => {
        reject(new Problem('bad-request', { detail: 'the body ended before its declared length' }));
      });
    };
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
  });
}

/** 415 unless the body is declared as plain JSON in UTF-8. */
export function requireJson(headers: IncomingMessage['headers']): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', { detail: 'send the body without Content-Encoding' });
  }
  if (!JSON_MEDIA_TYPE.test(headers['content-type'] ?? '')) throw new Problem('unsupported-media-type');
}

/** The object the bytes are the JSON of; 422 when they are not UTF-8, not JSON, or another kind of value. */
export function parseJsonObject(body: Uint8Array): object {
  const value = parseJson(body);
  // openapi-backend would take a string for JSON that is still to be parsed, and null for no body at all.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid({ loc: ['body'], msg: 'must be object', type: 'object_type' });
}

function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = UTF_8.decode(body);
  } catch {
    throw invalid({ loc: ['body'], msg: 'must be UTF-8', type: 'json_invalid' });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // V8's message quotes the body, which may hold a text: not for an answer that proxies log.
    throw invalid({ loc: ['body'], msg: text === '' ? 'must not be empty' : 'must be JSON', type: 'json_invalid' });
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('content-too-large', {
    detail: `the body is larger than ${String(maxBytes)} bytes`,
    headers: { Connection: 'close' }, // what is left of the body is not read
  });
}
