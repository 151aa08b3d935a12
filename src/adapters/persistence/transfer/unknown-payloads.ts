import { createHash } from 'node:crypto';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { UnknownPayload } from '../../../application/ports/transfer.ts';
import type { Payload } from '../../../domain/update.ts';
import { rowsOf } from '../schema/dialect.ts';
import { payloadsOf, slicesByBody, type BodySize } from './stored-payloads.ts';

/** Bodies examined per step, including those of messages. */
const EXAMINED_AT_A_TIME = 5_000;

/**
 * Reads the bodies that belong to no message, in the order of their ids, starting after `after`. Some megabytes are in memory at a
 * time.
 */
export async function* unknownPayloads(
  db: Knex,
  after: bigint,
  check: () => Promise<void>,
): AsyncGenerator<UnknownPayload[]> {
  let last: bigint | null = after;
  while (last !== null) {
    await check();
    const end: bigint | null = await endOfStep(db, last);
    const found = await rowsOf<BodySize & { readonly id: bigint }>(
      db,
      `select id, length(body) as bytes from payloads where id > ? ${end === null ? '' : 'and id <= ?'}
       and not exists (select 1 from messages where messages.payload = payloads.id) order by id`,
      [last, ...(end === null ? [] : [end])],
    );
    for (const slice of slicesByBody(found, (body) => body)) {
      await check();
      const bodies = await payloadsOf(
        db,
        slice.map(({ id }) => id),
      );
      yield slice.flatMap(({ id }) => {
        const payload = bodies.get(String(id));
        return payload === undefined ? [] : [{ id, ...payload }];
      });
    }
    last = end;
  }
}

async function endOfStep(db: Knex, after: bigint): Promise<bigint | null> {
  const sql = `select id from payloads where id > ? order by id limit 1 offset ${String(EXAMINED_AT_A_TIME - 1)}`;
  const [end] = await rowsOf<{ id: bigint }>(db, sql, [after]);
  return end === undefined ? null : end.id;
}

/**
 * Returns a check whether an unknown update is new, by a digest of its payload, because it has no id. The first call reads all
 * stored ones, and each takes some hundred bytes of memory.
 */
export function newUnknown(db: Knex): (payload: Payload) => Promise<boolean> {
  let known: Set<string> | undefined;
  const digest = ({ mediaType, body }: Payload): string =>
    createHash('sha256').update(mediaType).update('\0').update(body).digest('base64');
  return async (payload) => {
    if (known === undefined) {
      known = new Set();
      const check = (): Promise<void> => turnOfTheLoop();
      for await (const payloads of unknownPayloads(db, 0n, check)) for (const each of payloads) known.add(digest(each));
    }
    const key = digest(payload);
    if (known.has(key)) return false;
    known.add(key);
    return true;
  };
}
