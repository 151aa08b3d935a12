/**
 * What the machine can do: bare node:http, one HMAC, JSON.parse, the same table and indexes, group commit, synchronous=FULL.
 * No contract, no validation, no logs, no metrics, no counters, no search. The service is measured against it.
 *
 * Usage: node bench/baseline.ts FILE, with the secret in WEBHOOK_SECRET. Prints its port.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';

interface Body {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string | null;
}

const [file = ''] = process.argv.slice(2);
const secret = process.env['WEBHOOK_SECRET'] ?? '';
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
const insert = db.prepare(
  `insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text)
   values (?, ?, ?, ?, ?) on conflict do nothing`,
);

let waiting: { body: Body; response: ServerResponse }[] = [];

const commit = db.transaction((group: typeof waiting) => {
  for (const { body } of group) insert.run(body.message_id, body.from, body.to, Date.parse(body.ts) * 1000, body.text);
});

function flush(): void {
  const group = waiting;
  waiting = [];
  commit(group);
  for (const { response } of group) {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok"}');
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const bytes = Buffer.concat(chunks);
    const given = Buffer.from(String(request.headers['x-signature']), 'hex');
    const digest = createHmac('sha256', secret).update(bytes).digest();
    if (given.length !== digest.length || !timingSafeEqual(given, digest)) {
      response.writeHead(401).end();
      return;
    }
    if (waiting.push({ body: JSON.parse(bytes.toString()) as Body, response }) === 1) setImmediate(flush);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
});
