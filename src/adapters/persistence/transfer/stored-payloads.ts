import type { Knex } from 'knex';
import type { Payload } from '../../../domain/update.ts';
import { marks, rowsOf } from '../schema/dialect.ts';

/** Maximum of bodies in memory; a larger body is a slice by itself. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface BodySize {
  /** null if there is no body. */
  readonly id: bigint | number | null;
  readonly bytes: bigint | number | null;
}

/** Splits the items, in order, so that the bodies of a slice have up to MAX_BYTES. A shared body counts once. */
export function* slicesByBody<T>(items: readonly T[], sizeOf: (item: T) => BodySize): Generator<T[]> {
  let slice: T[] = [];
  let seen = new Set<string>();
  let bytes = 0;
  for (const item of items) {
    const { id, bytes: length } = sizeOf(item);
    const more = id === null || seen.has(String(id)) ? 0 : Number(length);
    if (slice.length > 0 && bytes + more > MAX_BYTES) {
      yield slice;
      [slice, seen, bytes] = [[], new Set(), 0];
    }
    slice.push(item);
    seen.add(String(id));
    bytes += more;
  }
  if (slice.length > 0) yield slice;
}

/** Reads payloads. The keys of the result are their ids as text. */
export async function payloadsOf(db: Knex, ids: readonly (bigint | number)[]): Promise<Map<string, Payload>> {
  if (ids.length === 0) return new Map();
  const rows = await rowsOf<{ id: bigint; media_type: string; body: Uint8Array }>(
    db,
    `select id, media_type, body from payloads where id in (${marks(ids)})`,
    ids,
  );
  return new Map(rows.map(({ id, media_type: mediaType, body }) => [String(id), { mediaType, body }]));
}
