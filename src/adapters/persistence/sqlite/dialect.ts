import type { Dialect } from '../schema/dialect.ts';
import { readOn } from './search/read-on.ts';
import { textSearch } from './search/text-search.ts';

export const sqliteDialect: Dialect = {
  // `not indexed` leaves only the primary key. To group senders, SQLite would otherwise read the whole index by sender.
  uncountedBacklog: `(select from_msisdn, sent_at from messages not indexed
          where seq > (select counted_seq from message_totals) and ${readOn('seq')}) as backlog`,
  forgetBacklog: ['update message_totals set counted_seq = (select coalesce(max(seq), 0) from messages)'],
  forgetFuturePositions: [], // a position is a row's number, which a copy of the file keeps
  readOn: readOn('messages.seq'),
  textSearch,
};
