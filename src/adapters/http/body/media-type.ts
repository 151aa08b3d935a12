/** Type and subtype (RFC 9110, section 8.3.1), and what follows them. */
const MEDIA_TYPE = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)\s*(?:;(.*))?$/s;
const CHARSET = /(?:^|;)\s*charset\s*=\s*"?([^";\s]*)"?/i;
/** Names of UTF-8, and of the part of it that is ASCII. */
const UTF_8 = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', '']);
/** `utf-8` is the name of a charset, but some senders cannot be kept from sending it. */
const NO_ENCODING = new Set(['', 'identity', 'utf-8', 'utf8']);

const JSON_TYPE = 'application/json';
/** How much of a header's value its sender sees in the answer. */
const MAX_SHOWN = 100;

/**
 * Finds which of the media types that an operation accepts is the one of a body; undefined if none is.
 *
 * Parameters of JSON are ignored, because JSON has none and is always UTF-8 (RFC 8259, section 11); `text/json` and every type that ends in
 * `+json` is JSON (RFC 6839, section 3.1). A form in another charset than UTF-8 is not accepted: its values would be read wrongly.
 */
export function acceptedType(contentType: string | undefined, accepted: readonly string[]): string | undefined {
  const [, declared = '', parameters = ''] = MEDIA_TYPE.exec(contentType ?? '') ?? [];
  const type = isJson(declared.toLowerCase()) ? JSON_TYPE : declared.toLowerCase();
  if (!accepted.includes(type)) return undefined;
  return type === JSON_TYPE || isUtf8(parameters) ? type : undefined;
}

/** Whether a `Content-Encoding` says that the body is sent as it is. */
export function isUnencoded(contentEncoding: string | undefined): boolean {
  return (contentEncoding ?? '').split(',').every((one) => NO_ENCODING.has(one.trim().toLowerCase()));
}

/** The value of a header for its sender, shortened and without control characters. */
export function shown(value: string): string {
  const visible = value.replace(/[^\x20-\x7e]/g, '?');
  return visible.length > MAX_SHOWN ? `${visible.slice(0, MAX_SHOWN)}…` : visible;
}

function isJson(type: string): boolean {
  return type === JSON_TYPE || type === 'text/json' || type.endsWith('+json');
}

function isUtf8(parameters: string): boolean {
  return UTF_8.has((CHARSET.exec(parameters)?.[1] ?? '').toLowerCase());
}
