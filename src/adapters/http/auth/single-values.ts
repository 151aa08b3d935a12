import type { IncomingMessage } from 'node:http';

/** Node joins repeated headers by itself, but for `set-cookie`, which requests must not have. */
export function singleValues(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string | undefined>;
  return { ...headers, 'set-cookie': headers['set-cookie'].join(',') };
}
