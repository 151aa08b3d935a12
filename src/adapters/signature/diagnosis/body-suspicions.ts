import type { Suspicion } from './diagnosis.ts';

/** A JSON string, white space between tokens, or a separator of members. Numbers and literals stay unchanged. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+|[,:]/g;
const NOT_ASCII = /[\u007f-\uffff]/g;

/**
 * Suspects that the sender signed slightly different bytes than it sent. `fits` tests whether it signed the given bytes.
 */
export function bodySuspicions(body: Uint8Array, fits: (variant: Uint8Array) => boolean): Suspicion[] {
  return [
    ['trailing_newline', () => withOtherEnd(body).some(fits)],
    ['reencoded_json', () => reencoded(body).some(fits)],
  ];
}

/** Returns the body with other line ends: editors add a final line break, and shells remove it. */
function withOtherEnd(body: Uint8Array): Uint8Array[] {
  const variants = ['\n', '\r\n'].map((end) => Buffer.concat([body, Buffer.from(end)]));
  if (body.at(-1) === 0x0a) {
    variants.push(Buffer.from(body.subarray(0, -1)));
    if (body.at(-2) === 0x0d) variants.push(Buffer.from(body.subarray(0, -2)));
  }
  return variants;
}

/**
 * Returns the forms in which common libraries write the same JSON, without those equal to the body. Throws if the body is
 * not JSON. No form is indented, because indentation turns a few kilobytes of brackets into megabytes.
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

/**
 * It works on tokens instead of a parsed value, because 1.0 must stay 1.0 and long numbers must keep all digits, as in
 * Python.
 */
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
