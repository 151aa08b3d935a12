import type { Knex } from 'knex';
import type { Payload } from '../../domain/update.ts';
import { rowsOf } from './dialect.ts';

/** Bodies that are looked at in a step, whether they are a message's or not. */
const LOOKED_AT = 5_000;

export interface UnknownPayload extends Payload {
  readonly id: bigint;
}

/** What was kept without a message, in the order of ids after `after`, in steps. */
export async function* unknownPayloads(
  db: Knex,
  after: bigint,
  check: () => Promise<void>,
): AsyncGenerator<UnknownPayload[]> {
  let last: bigint | null = after;
  while (last !== null) {
    await check();
    const end: bigint | null = await endOfStep(db, last);
    const rows = await rowsOf<{ id: bigint; media_type: string; body: Uint8Array }>(
      db,
      `select id, media_type, body from payloads where id > ? ${end === null ? '' : 'and id <= ?'}
       and not exists (select 1 from messages where messages.payload = payloads.id) order by id`,
      [last, ...(end === null ? [] : [end])],
    );
    yield rows.map(({ id, media_type: mediaType, body }) => ({ id: id, mediaType, body }));
    last = end;
  }
}

async function endOfStep(db: Knex, after: bigint): Promise<bigint | null> {
  const sql = `select id from payloads where id > ? order by id limit 1 offset ${String(LOOKED_AT - 1)}`;
  const [end] = await rowsOf<{ id: bigint }>(db, sql, [after]);
  return end === undefined ? null : end.id;
}
