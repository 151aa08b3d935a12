import { invalid, type Problem } from '../problem.ts';

/** The default size of a page, in rows; the contract says the same. */
export const DEFAULT_LIMIT = 50;

/**
 * Finds the start of the page that a request asks for. Throws a Problem for an invalid cursor, and for a cursor together with an offset.
 * @param decode returns the position that a cursor stands for; null if the service did not make it, or made it for other filters
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
