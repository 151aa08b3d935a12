import type { Knex } from 'knex';

/** Up to which `seq` the next messages after `from` go, at most `limit` of them, and how many they are. */
export async function nextMessages(db: Knex, from: number, limit: number): Promise<{ upTo: number; rows: number }> {
  const next = db('messages').where('seq', '>', from).orderBy('seq').limit(limit).select('seq').as('next');
  const found = (await db.from(next).max({ seq: 'seq' }).count({ rows: '*' }).first()) as
    { seq: bigint | null; rows: bigint } | undefined;
  return { upTo: Number(found?.seq ?? from), rows: Number(found?.rows ?? 0) };
}
