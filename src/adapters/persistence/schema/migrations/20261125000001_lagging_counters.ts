import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/**
 * From this version on, the counters are updated in the background: the position of the last counted message is stored with
 * the totals.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) return; // there they always were
  await db.raw('alter table message_totals add column counted_seq integer not null default 0');
  await db.raw('update message_totals set counted_seq = (select coalesce(max(seq), 0) from messages)');
}

/** The previous version expects every message to be counted. */
export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) return;
  const tail = 'messages not indexed where seq > (select counted_seq from message_totals)';
  await db.raw(`
    insert into sender_counts (from_msisdn, messages)
    select from_msisdn, count(*) from ${tail} group by from_msisdn
    on conflict do update set messages = messages + excluded.messages`);
  for (const width of [60, 3_600, 86_400, 88_473_600]) {
    const micros = `${String(width)}000000`;
    await db.raw(`
      insert into period_counts (width, starts_at, messages)
      select ${String(width)}, sent_at - ((sent_at % ${micros}) + ${micros}) % ${micros}, count(*) from ${tail} group by 2
      on conflict do update set messages = messages + excluded.messages`);
  }
  await db.raw(`
    update message_totals set
      messages = (select count(*) from messages),
      senders = (select count(*) from sender_counts)`);
  await db.raw('alter table message_totals drop column counted_seq');
}
