import type { Knex } from 'knex';

/** The senders are counted in the background from here on: up to which message is kept beside the totals. */
export async function up(db: Knex): Promise<void> {
  await db.raw('alter table message_totals add column senders_seq integer not null default 0');
  await db.raw('update message_totals set senders_seq = (select coalesce(max(seq), 0) from messages)');
}

/** The version before expects every message to be counted. */
export async function down(db: Knex): Promise<void> {
  await db.raw(`
    insert into sender_counts (from_msisdn, messages)
    select from_msisdn, count(*) from messages not indexed
    where seq > (select senders_seq from message_totals) group by from_msisdn
    on conflict do update set messages = messages + excluded.messages`);
  await db.raw('update message_totals set senders = (select count(*) from sender_counts)');
  await db.raw('alter table message_totals drop column senders_seq');
}
