/**
 * What the machine can do: bare node:http, one HMAC, JSON.parse, the same table and indexes, group commit, synchronous=FULL.
 * No contract, no validation, no logs, no metrics, no counters, no search. The service is measured against it.
 *
 * Usage: node bench/baseline.ts, with DATABASE_URL and WEBHOOK_SECRET. Prints its port.
 */
import Database from 'better-sqlite3';
import { serveBaseline, type Body } from './baseline-server.ts';

const db = new Database((process.env['DATABASE_URL'] ?? '').replace('sqlite:///', ''));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
const insert = db.prepare(
  `insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text)
   values (?, ?, ?, ?, ?) on conflict do nothing`,
);

const commit = db.transaction((group: readonly Body[]) => {
  for (const body of group) insert.run(body.message_id, body.from, body.to, Date.parse(body.ts) * 1000, body.text);
});
serveBaseline(commit, 1);
