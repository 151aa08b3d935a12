import { invalid, type Problem } from '../middleware/problem.ts';

/** Rows of a page when the request does not say how many; the contract says the same. */
export const DEFAULT_LIMIT = 50;

/**
 * Where the page begins that a request asks for. `decode` gives the place a cursor stands for, null when it was made for
 * other filters, or not by the service. Throws a Problem then, and for a cursor together with an offset.
 */
export function pageStart<Place>(
  { offset, cursor }: { readonly offset?: number | undefined; readonly cursor?: string | undefined },
  decode: (cursor: string) => Place | null,
): { readonly offset: number } | Place {
  if (cursor === undefined) return { offset: offset ?? 0 };
  if (offset !== undefined) throw refused('cannot be combined with offset');
  const place = decode(cursor);
  if (place === null) throw refused('is not the next_cursor of a page with the same filters and order');
  return place;
}

function refused(msg: string): Problem {
  return invalid({ loc: ['query', 'cursor'], msg, type: 'value_error' });
}
