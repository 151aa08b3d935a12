/**
 * A condition that is true of every row. A scan that was given up ends at it: SQLite calls `read_on`, which then throws, for one row
 * of 251. That costs a scan some percent of its time. 251 is prime, because rows that a scan visits often have a fixed distance, such as
 * those of one of a hundred senders. It must precede conditions that are false of most rows.
 * @param seq the row's `seq`, or `rowid` in the search index
 */
export function readOn(seq: string): string {
  return `(${seq} % 251 or read_on())`;
}
