import type { Dialect } from '../schema/dialect.ts';
import { COUNTING_LOCK } from './derived-data.ts';
import { textSearch } from './search/text-search.ts';

export const postgresDialect: Dialect = {
  uncountedBacklog: 'uncounted as backlog',
  forgetBacklog: [
    // Without this lock, a rebuild and a counting step could deadlock on the rows that they delete.
    `select pg_advisory_xact_lock(${COUNTING_LOCK.join(', ')})`,
    // This lock waits for commits in flight, so that their messages are counted with the rest.
    'lock table messages in share mode',
    'delete from uncounted',
  ],
  // A position is a transaction number. This server may assign those of a restored backup in days or years.
  forgetFuturePositions: [
    'update messages set arrived = null where arrived >= pg_snapshot_xmax(pg_current_snapshot())',
  ],
  readOn: null, // statement_timeout
  textSearch,
};
