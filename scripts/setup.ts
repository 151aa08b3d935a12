/** Writes .env with a random secret if it does not exist, and prints a signed curl that stores a message. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { runCommand, say } from '../src/adapters/cli/run-command.ts';
import { localOrigin } from '../src/adapters/cli/service-url.ts';
import { loadConfig } from '../src/infrastructure/config/config.ts';

const BODY = JSON.stringify({
  message_id: 'm1',
  from: '+919876543210',
  to: '+14155550100',
  ts: '2025-01-15T10:00:00Z',
  text: 'Hello',
});

await runCommand(() => {
  if (!existsSync('.env')) {
    writeFileSync('.env', `WEBHOOK_SECRET=${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    say(['made .env with a random WEBHOOK_SECRET']);
  }
  const { config } = loadConfig();
  const secret = config.providers.webhook.secrets.current;
  if (secret === undefined) {
    say(['WEBHOOK_SECRET is not set in .env: POST /webhook will be answered with 503']);
  } else if (config.port === 0) {
    say(['PORT is 0: the line with "listening" says which port it is']);
  } else {
    say([howToStore(localOrigin(config), secret)]);
  }
  return Promise.resolve(undefined);
});

function howToStore(url: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(BODY).digest('hex');
  return `
Store a message, in another terminal:

  curl -X POST ${url}/webhook \\
    -H 'Content-Type: application/json' \\
    -H 'X-Signature: ${signature}' \\
    -d '${BODY}'

Then read it back:  curl ${url}/messages
See all of it:      ${url}/
Try the API:        ${url}/docs
`;
}
