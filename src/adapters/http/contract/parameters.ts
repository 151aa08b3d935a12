import type { ParsedUrlQuery } from 'node:querystring';

/** A query parameter that an operation declares. */
export interface QueryParameter {
  readonly name: string;
  readonly isInteger: boolean;
}

/** The declared parameters among those of a request, with integers as numbers; every other parameter is ignored. */
export function knownParameters(query: ParsedUrlQuery, parameters: readonly QueryParameter[]): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const { name, isInteger } of parameters) {
    if (!Object.hasOwn(query, name)) continue;
    const value = query[name];
    known[name] = isInteger && typeof value === 'string' ? integer(value) : value;
  }
  return known;
}

/**
 * Returns a number if the text is written as an integer, else the text in a list. The compiled validators always coerce types: they
 * would accept `1e1` as 10, but they do not coerce a list to a number.
 */
function integer(value: string): number | string[] {
  return /^-?\d{1,20}$/.test(value) ? Number(value) : [value];
}
