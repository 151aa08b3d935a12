/** The part of the baselines that is the same for every database: bare node:http, one HMAC, JSON.parse, a group at a time. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Body {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string | null;
}

/** Serves; prints its port. `commit` must make a group durable; up to `maxCommits` are in flight. */
export function serveBaseline(commit: (group: readonly Body[]) => void | Promise<void>, maxCommits: number): void {
  const secret = process.env['WEBHOOK_SECRET'] ?? '';
  let waiting: { body: Body; response: ServerResponse }[] = [];
  let commits = 0;

  async function flush(): Promise<void> {
    if (waiting.length === 0 || commits >= maxCommits) return;
    const group = waiting;
    waiting = [];
    commits++;
    await commit(group.map(({ body }) => body));
    commits--;
    for (const { response } of group) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok"}');
    }
    await flush();
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
      if (waiting.push({ body: JSON.parse(bytes.toString()) as Body, response }) === 1) {
        setImmediate(() => void flush());
      }
    });
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${String((server.address() as AddressInfo).port)}\n`);
  });
}
