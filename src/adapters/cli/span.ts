import { formatTimestamp, type Timestamp } from '../../domain/timestamp.ts';

interface Span {
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
}

/** How many messages, and from when to when, for people. */
export function messagesText(rows: number, { first, last }: Span): string {
  return first === null || last === null
    ? String(rows)
    : `${String(rows)}, ${formatTimestamp(first)} to ${formatTimestamp(last)}`;
}

/** For programs. */
export function writtenSpan({ first, last }: Span): { first: string | null; last: string | null } {
  return { first: written(first), last: written(last) };
}

function written(instant: Timestamp | null): string | null {
  return instant === null ? null : formatTimestamp(instant);
}
