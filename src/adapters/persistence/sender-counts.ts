import type { Knex } from 'knex';
import type { Msisdn } from '../../domain/message.ts';
import { TOP_SENDERS, type SenderCount } from '../../domain/stats.ts';
import { nextMessages } from './message-tail.ts';

/**
 * The counts of the senders lag behind the messages and take them in by the thousand: counted in the transaction that stores
 * a message, they took more of a commit than the message itself (docs/adr/0008). Every read adds the tail that is not
 * counted yet, so that it is exact at any instant.
 */

/** `not indexed` leaves the primary key: or the whole index by sender would be read, which is grouped already. */
const TAIL = 'messages not indexed where seq > (select senders_seq from message_totals)';

/** Counts the senders of the next messages, at most `limit`; gives how many messages. */
export async function countSendersNext(transaction: Knex, limit: number): Promise<number> {
  const progress = await transaction<{ senders_seq: bigint }>('message_totals').first('senders_seq');
  const from = Number(progress?.senders_seq ?? 0);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (rows === 0) return 0;
  const counted = 'messages not indexed where seq > ? and seq <= ?';
  const [fresh] = await transaction.raw<{ senders: bigint }[]>(
    `select count(distinct from_msisdn) as senders from ${counted} and from_msisdn not in (select from_msisdn from sender_counts)`,
    [from, upTo],
  );
  await transaction.raw(
    `insert into sender_counts (from_msisdn, messages)
     select from_msisdn, count(*) from ${counted} group by from_msisdn
     on conflict do update set messages = messages + excluded.messages`,
    [from, upTo],
  );
  await transaction('message_totals')
    .increment('senders', Number(fresh?.senders ?? 0))
    .update({ senders_seq: upTo });
  return rows;
}

export async function countOfSender(db: Knex, from: Msisdn): Promise<number> {
  const [row] = await db.raw<{ messages: bigint }[]>(
    `select coalesce((select messages from sender_counts where from_msisdn = ?), 0) +
            (select count(*) from ${TAIL} and from_msisdn = ?) as messages`,
    [from, from],
  );
  return Number(row?.messages ?? 0);
}

export async function countSenders(db: Knex): Promise<number> {
  const [row] = await db.raw<{ senders: bigint }[]>(
    `select (select senders from message_totals) +
            (select count(distinct from_msisdn) from ${TAIL}
             and not exists (select 1 from sender_counts where sender_counts.from_msisdn = messages.from_msisdn)) as senders`,
  );
  return Number(row?.senders ?? 0);
}

/** Those with the most messages, then in the order of their numbers. */
export async function topSenders(db: Knex): Promise<SenderCount[]> {
  // Who is in the tail may have overtaken others: all of them compete with the best of the rest.
  const rows = await db.raw<{ from_msisdn: Msisdn; messages: bigint }[]>(
    `with tail as materialized (select from_msisdn, count(*) as messages from ${TAIL} group by from_msisdn)
     select * from (
       select from_msisdn, tail.messages + coalesce(sender_counts.messages, 0) as messages
       from tail left join sender_counts using (from_msisdn)
     )
     union all
     select * from (
       select from_msisdn, messages from sender_counts where from_msisdn not in (select from_msisdn from tail)
       order by messages desc, from_msisdn limit ?
     )
     order by messages desc, from_msisdn limit ?`,
    [TOP_SENDERS, TOP_SENDERS],
  );
  return rows.map(({ from_msisdn: from, messages }) => ({ from, count: Number(messages) }));
}
