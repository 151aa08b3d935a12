/** Sends a signed sample conversation to the running service, then shows its answers. */
import { createHmac } from 'node:crypto';
import { parseArgs } from 'node:util';
import { progressOn } from '../src/adapters/cli/progress.ts';
import { runCommand } from '../src/adapters/cli/run-command.ts';
import { sendRequest } from '../src/adapters/cli/send/request.ts';
import { localOrigin } from '../src/adapters/cli/service-url.ts';
import { isDumbTerminal, loadConfig } from '../src/infrastructure/config/config.ts';

const USAGE = `Usage: npm run demo -- [--url URL] [--count N]

  --url URL   the service (default http://127.0.0.1:8000, or HOST and PORT)
  --count N   how many messages to send (default 60)

Signs with WEBHOOK_SECRET, also from .env. Reads with READ_API_KEYS when they are set.
Sending it twice is harmless: the second time every message is a duplicate.
`;

const TIMEOUT_MS = 30_000;
const LINES = [
  ['customer', 'Hi, is my order 4711 on its way?'],
  ['shop', 'Good morning! It left the warehouse at 8:15.'],
  ['customer', 'Great. Which street do you have as my address?'],
  ['shop', 'Bahnhofstraße 12, on the 3rd floor.'],
  ['customer', 'Perfect 👍'],
  ['shop', 'You will get a message when the driver is near.'],
] as const;
const NUMBERS = { customer: '+919876543210', shop: '+14155550100' };
const START = Date.parse('2025-01-15T10:00:00Z');

interface Sent {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string;
}

function conversation(count: number): Sent[] {
  return Array.from({ length: count }, (_, i) => {
    const [speaker, text] = LINES[i % LINES.length] ?? LINES[0];
    const [from, to] = speaker === 'customer' ? [NUMBERS.customer, NUMBERS.shop] : [NUMBERS.shop, NUMBERS.customer];
    return { message_id: `demo-${String(i + 1)}`, from, to, ts: new Date(START + i * 60_000).toISOString(), text };
  });
}

async function send(url: string, secret: string, message: Sent): Promise<string> {
  const body = JSON.stringify(message);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const { status, headers, text } = await sendRequest(`${url}/webhook`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Signature': signature },
    body: Buffer.from(body),
    timeoutMs: TIMEOUT_MS,
  });
  if (status !== 200) throw new Error(`the service answered ${String(status)}: ${text}`);
  return String(headers['x-message-result'] ?? 'unknown');
}

async function show(url: string, path: string, key: string | undefined): Promise<void> {
  const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const { text } = await sendRequest(url + path, { method: 'GET', headers, timeoutMs: TIMEOUT_MS });
  process.stdout.write(`\nGET ${path}\n${JSON.stringify(JSON.parse(text), null, 2)}\n`);
}

async function demo(): Promise<undefined> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      count: { type: 'string', default: '60' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return undefined;
  }
  const { config } = loadConfig();
  const { providers, readApiKeys } = config;
  const secret = providers.webhook.secrets.current;
  const url = values.url ?? localOrigin(config);
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1) throw new Error('--count takes a whole number from 1');
  if (secret === undefined) throw new Error('WEBHOOK_SECRET is not set: "npm run setup" makes a .env with one');

  await sendRequest(`${url}/health/live`, { method: 'GET', timeoutMs: TIMEOUT_MS }).catch(() => {
    throw new Error(`nothing answers at ${url}: start the service with "make run" first`);
  });
  const progress = progressOn(process.stderr, process.stderr.isTTY && !isDumbTerminal());
  const results = new Map<string, number>();
  let done = 0;
  progress.show('sending', done, count);
  try {
    for (const message of conversation(count)) {
      const result = await send(url, secret, message);
      results.set(result, (results.get(result) ?? 0) + 1);
      progress.show('sending', ++done, count);
    }
  } finally {
    progress.end();
  }
  process.stdout.write(`${Array.from(results, ([result, n]) => `${String(n)} ${result}`).join(', ')}\n`);
  await show(url, '/messages?q=STRASSE&limit=2', readApiKeys[0]);
  await show(url, '/stats', readApiKeys[0]);
  return undefined;
}

await runCommand(demo);
