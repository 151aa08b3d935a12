import type { IncomingMessage } from 'node:http';
import { invalid, Problem } from '../problem.ts';
import { acceptedType, isUnencoded, shown } from './media-type.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

const PARSERS: Readonly<Record<string, (body: Uint8Array) => object>> = {
  'application/json': parseJsonObject,
  'application/x-www-form-urlencoded': parseForm,
};

/**
 * Parses a body in one of the media types that an operation accepts. Throws 415, which names what came, if it is declared as another
 * one or is compressed, and 422 if it is not what it is declared as, or not UTF-8.
 */
export function parseBody(
  headers: IncomingMessage['headers'],
  mediaTypes: readonly string[],
  body: Uint8Array,
): object {
  const { 'content-encoding': encoding, 'content-type': type } = headers;
  if (!isUnencoded(encoding)) {
    throw new Problem('unsupported-media-type', {
      detail: `send the body without Content-Encoding: it came with ${shown(encoding ?? '')}`,
    });
  }
  const parse = PARSERS[acceptedType(type, mediaTypes) ?? ''];
  if (parse !== undefined) return parse(body);
  const came = type === undefined || type.trim() === '' ? 'without a Content-Type' : `as ${shown(type)}`;
  throw new Problem('unsupported-media-type', {
    detail: `send the body as ${mediaTypes.join(' or ')}: it came ${came}`,
  });
}

/** Parses a JSON object. Throws 422 if the bytes are not UTF-8, not JSON, or another kind of value. */
export function parseJsonObject(body: Uint8Array): object {
  const value = parseJson(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid({ loc: ['body'], msg: 'must be object', type: 'object_type' });
}

/** Parses a form (https://url.spec.whatwg.org/#urlencoded-parsing). The first of repeated parameters counts. */
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
