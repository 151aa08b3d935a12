import type { Suspicion } from './diagnosis.ts';

/** A JSON string, white space between tokens, or what separates members. Numbers and literals stay as they are. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+|[,:]/g;
const NOT_ASCII = /[\u007f-\uffff]/g;

/** That the sender signed nearly, but not exactly, the bytes it sent. `fits` tells whether it signed those. */
export function bodySuspicions(body: Uint8Array, fits: (variant: Uint8Array) => boolean): Suspicion[] {
  return [
    ['trailing_newline', () => withOtherEnd(body).some(fits)],
    ['reencoded_json', () => reencoded(body).some(fits)],
  ];
}

/** A file that an editor ended with a line break, a shell that took it away, or the other way about. */
function withOtherEnd(body: Uint8Array): Uint8Array[] {
  const variants = ['\n', '\r\n'].map((end) => Buffer.concat([body, Buffer.from(end)]));
  if (body.at(-1) === 0x0a) {
    variants.push(Buffer.from(body.subarray(0, -1)));
    if (body.at(-2) === 0x0d) variants.push(Buffer.from(body.subarray(0, -2)));
  }
  return variants;
}

/**
 * How the usual libraries would write the same JSON; none equal to the body. Throws when the body is no JSON. None is
 * indented: that makes megabytes of a few kilobytes of brackets.
 */
function reencoded(body: Uint8Array): Uint8Array[] {
  const text = Buffer.from(body).toString();
  const value: unknown = JSON.parse(text);
  const writings = new Set([
    JSON.stringify(value), // which also rewrites numbers and moves keys that look like an index
    rewritten(text, ',', ':', plain), // Rust, Ruby, httpx
    rewritten(text, ',', ':', ascii),
    rewritten(text, ',', ':', (string) => ascii(string).replaceAll('/', String.raw`\/`)), // PHP
    rewritten(text, ', ', ': ', ascii), // Python
    rewritten(text, ', ', ': ', plain), // Python with ensure_ascii=False
  ]);
  writings.delete(text);
  return [...writings].map((writing) => Buffer.from(writing));
}

/** Token by token and not through a parsed value: 1.0 stays 1.0 and long numbers stay whole, as they do in Python. */
function rewritten(json: string, comma: string, colon: string, string: (token: string) => string): string {
  return json.replace(TOKEN, (token) => {
    if (token === ',') return comma;
    if (token === ':') return colon;
    return token.startsWith('"') ? string(token) : '';
  });
}

function plain(token: string): string {
  return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token;
}

function ascii(token: string): string {
  return plain(token).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
