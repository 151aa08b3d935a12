import type { Reply } from '../contract/types.ts';
import { Problem } from '../problem.ts';

type NotFound = Extract<Reply<'getMessage'>, { status: 404 }>;

/** The reply of an operation that exists to a request for a thing that does not. */
export function notFound(requestId: string, detail?: string): NotFound {
  const problem = new Problem('not-found', detail === undefined ? {} : { detail });
  return { status: 404, type: 'application/problem+json', body: problem.body(requestId) };
}
