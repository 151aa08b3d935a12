/**
 * Makes .env with a random secret when there is none, and prints a signed curl that stores a message.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';

if (!existsSync('.env')) {
  writeFileSync('.env', `WEBHOOK_SECRET=${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  process.stdout.write('made .env with a random WEBHOOK_SECRET\n');
}
process.loadEnvFile('.env');

const secret = set('WEBHOOK_SECRET', '');
const url = `http://${set('HOST', '127.0.0.1')}:${set('PORT', '8000')}`;
const body = JSON.stringify({
  message_id: 'm1',
  from: '+919876543210',
  to: '+14155550100',
  ts: '2025-01-15T10:00:00Z',
  text: 'Hello',
});

if (secret === '') {
  process.stdout.write('WEBHOOK_SECRET is empty in .env: webhooks will be answered with 503\n');
} else {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  process.stdout.write(`
Store a message, in another terminal:

  curl -X POST ${url}/webhook \\
    -H 'Content-Type: application/json' \\
    -H 'X-Signature: ${signature}' \\
    -d '${body}'

Then read it back:  curl ${url}/messages
See all of it:      ${url}/
Try the API:        ${url}/docs

`);
}

/** An empty variable counts as not set, as it does for the service. */
function set(name: string, fallback: string): string {
  const value = process.env[name] ?? '';
  return value === '' ? fallback : value;
}
