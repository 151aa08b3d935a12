import type { Dialect } from '../schema/dialect.ts';
import { textSearch } from './search/text-search.ts';

export const sqliteDialect: Dialect = {
  // `not indexed` leaves the primary key: or the whole index by sender would be read where senders are grouped.
  tail: `(select from_msisdn, sent_at from messages not indexed
          where seq > (select counted_seq from message_totals)) as tail`,
  forgetTail: ['update message_totals set counted_seq = (select coalesce(max(seq), 0) from messages)'],
  textSearch,
};
