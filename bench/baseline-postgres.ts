/**
 * What the machine can do with PostgreSQL: bare node:http and pg, the same table and indexes but for the trigrams, the same
 * batching. No contract, no validation, no logs, no metrics, no counters, no search.
 *
 * Usage: node bench/baseline-postgres.ts, with DATABASE_URL and WEBHOOK_SECRET. Prints its port.
 */
import pg from 'pg';
import { serveBaseline } from './baseline-server.ts';

const COMMITS = 2; // as the service's default
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: COMMITS });
await pool.query('drop index if exists messages_by_trigram');

serveBaseline(async (group) => {
  const ordered = group.toSorted((a, b) => (a.message_id < b.message_id ? -1 : 1));
  await pool.query({
    name: 'insert',
    text: `insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) on conflict do nothing`,
    values: [
      ordered.map((body) => body.message_id),
      ordered.map((body) => body.from),
      ordered.map((body) => body.to),
      ordered.map((body) => Date.parse(body.ts) * 1000),
      ordered.map((body) => body.text),
    ],
  });
}, COMMITS);
