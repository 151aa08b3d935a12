import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Locator, Page, Request } from 'playwright-core';
import { openTabs } from '../support/tabs.ts';
import { contract, type Node } from '../support/contract-check.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const KEY = 'a-key-for-reading-messages';
const VERIFY_TOKEN = 'a-word-that-only-you-and-meta-know';

/** An operation, with what the page needs to find it. */
interface Reading {
  readonly tag: string;
  readonly operation: string;
}

const STREAM: Reading = { tag: 'Messages', operation: 'streamMessages' };
/** Every other GET of the contract: an operation that is added has to be readable from the page, too. */
const READS = Object.values(contract['paths'] as Record<string, { get?: Node }>)
  .flatMap(({ get }): Reading[] =>
    get === undefined ? [] : [{ tag: (get['tags'] as string[])[0] ?? '', operation: get['operationId'] as string }],
  )
  .filter(({ operation }) => operation !== STREAM.operation);
/** The values that an operation needs besides the examples of its required parameters, which the page fills in. */
const FILLED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  verifyWhatsAppSubscription: {
    'hub.mode': 'subscribe',
    'hub.challenge': '1158201444',
    'hub.verify_token': VERIFY_TOKEN,
  },
};

describe('the pages, in a browser', () => {
  const openTab = openTabs();
  let service: RunningService;
  let page: Page;
  const requests: Request[] = [];

  beforeAll(async () => {
    service = await startService({
      READ_API_KEYS: KEY,
      WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN,
      WHATSAPP_APP_SECRET: 'secret of the app',
    });
    await service.webhook(MESSAGE);
  });
  afterAll(() => service.stop());

  beforeEach(async () => {
    ({ page } = await openTab());
    requests.length = 0;
    page.on('request', (request) => requests.push(request));
  });

  const block = (tag: string, operation: string): Locator => page.locator(`#operations-${tag}-${operation}`);

  async function openDocs(): Promise<void> {
    await page.goto(`${service.url}/docs`);
    await page.waitForSelector('#operations-Webhook-ingestMessage');
  }

  async function authorize(): Promise<void> {
    await page.click('.auth-wrapper > button.authorize');
    await page.fill('#auth-bearer-value', KEY);
    const form = page.locator('.auth-container', { has: page.locator('#auth-bearer-value') });
    await form.locator('button.authorize').click();
    await page.click('button.close-modal');
  }

  /** Opens an operation if it is closed, sends it, and returns the status that the page shows. */
  async function execute({ tag, operation }: Reading, fields = FILLED[operation] ?? {}): Promise<string> {
    const operationBlock = block(tag, operation);
    if (!(await operationBlock.getAttribute('class'))?.includes('is-open')) {
      await operationBlock.locator('.opblock-summary-control').click();
    }
    for (const [name, value] of Object.entries(fields)) {
      await operationBlock.locator(`tr[data-param-name="${name}"] input`).fill(value);
    }
    const clear = operationBlock.locator('button.btn-clear');
    if (await clear.isVisible()) await clear.click();
    await operationBlock.locator('button.execute').click();
    const shown = operationBlock.locator('.live-responses-table .response-col_status').nth(1);
    return (await shown.innerText()).trim().slice(0, 3);
  }
  /** The same, then closes it: the page is slow with many long answers open. */
  async function glance(read: Reading): Promise<string> {
    const status = await execute(read);
    await block(read.tag, read.operation).locator('.opblock-summary-control').click();
    return status;
  }
  const answerTo = (tag: string, operation: string): Promise<string> =>
    block(tag, operation).locator('.live-responses-table .highlight-code').first().innerText();

  it('/docs lets a person try every read', async () => {
    await openDocs();
    await expect(glance({ tag: 'Messages', operation: 'getStats' })).resolves.toBe('401');
    await authorize();
    const statuses: Record<string, string> = {};
    for (const read of READS) statuses[read.operation] = await glance(read);
    expect(statuses).toEqual(Object.fromEntries(READS.map(({ operation }) => [operation, '200'])));
    // An endless answer would never be shown.
    await block(STREAM.tag, STREAM.operation).locator('.opblock-summary-control').click();
    await block(STREAM.tag, STREAM.operation).locator('.responses-wrapper').waitFor();
    await expect(block(STREAM.tag, STREAM.operation).locator('button.execute').count()).resolves.toBe(0);

    await execute({ tag: 'Messages', operation: 'listMessages' }, { q: 'hello' });
    await expect(answerTo('Messages', 'listMessages')).resolves.toContain('"message_id": "m1"');
  });

  it('/docs signs requests to POST /webhook, and keeps the secret to itself', async () => {
    const webhook = { tag: 'Webhook', operation: 'ingestMessage' };
    const message = { ...MESSAGE, message_id: 'tried out', text: 'Grüße 😀' };
    await openDocs();
    await expect(execute(webhook)).resolves.toBe('401');
    await page.fill('#secret', `${SECRET} `);
    await expect(execute(webhook)).resolves.toBe('401');
    await page.fill('#secret', SECRET);
    // Spaces and line ends as a person writes them: signed unchanged, not as JSON would have them.
    const body = JSON.stringify(message, null, 3);
    await block('Webhook', 'ingestMessage').locator('textarea').fill(body);
    await expect(execute(webhook)).resolves.toBe('200');
    await expect(page.locator('#signing-status').innerText()).resolves.toContain(sign(SECRET, body).slice(0, 8));
    const answer = await service.fetch('/messages?q=gr%C3%BC%C3%9Fe', { headers: { authorization: `Bearer ${KEY}` } });
    expect(answer.json()).toMatchObject({ data: [message], total: 1 });

    const sent = await Promise.all(
      requests.map(async (request) =>
        [request.url(), request.postData(), JSON.stringify(await request.allHeaders())].join('\n'),
      ),
    );
    expect(sent.filter((text) => text.includes(sign(SECRET, body)))).toHaveLength(1);
    expect(sent.filter((text) => text.includes(SECRET))).toEqual([]);
    await expect(
      page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
    ).resolves.toBe('[{},{},""]');
    await page.reload();
    await expect(page.inputValue('#secret')).resolves.toBe('');
  });

  it('/docs signs nothing else', async () => {
    await openDocs();
    await page.fill('#secret', SECRET);
    await expect(execute({ tag: 'Webhook', operation: 'ingestWhatsApp' })).resolves.toBe('401');
    await expect(execute({ tag: 'Operations', operation: 'getLiveness' })).resolves.toBe('200');
    const names = await Promise.all(requests.map(async (request) => Object.keys(await request.allHeaders())));
    expect(names.flat()).not.toContain('x-signature');
  });

  it('/docs says that it cannot sign, and works nevertheless', async () => {
    await page.addInitScript("Object.defineProperty(crypto, 'subtle', { value: undefined })");
    await openDocs();
    await expect(page.locator('#signing-status').innerText()).resolves.toContain('browsers need HTTPS, or localhost');
    await expect(page.isDisabled('#secret')).resolves.toBe(true);
    await expect(execute({ tag: 'Webhook', operation: 'ingestMessage' })).resolves.toBe('401');
    await expect(execute({ tag: 'Operations', operation: 'getLiveness' })).resolves.toBe('200');
  });

  it('/redoc shows the reference', async () => {
    await page.goto(`${service.url}/redoc`);
    await page.waitForSelector('h1:has-text("webhook-inbox")');
    await page.waitForSelector('h2:has-text("Store one signed message")');
  });
});
