import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

/** A browser that keeps to itself: no sandbox for root, no calls home. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('the pages, in a browser', () => {
  let service: RunningService;
  let browser: Browser;

  beforeAll(async () => {
    service = await startService();
    await service.webhook(MESSAGE);
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: FLAGS,
    });
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  /** Opens a page; gives it with what was loaded from elsewhere and what went wrong in it. */
  async function open(path: string): Promise<{ page: Page; foreign: string[]; faults: string[] }> {
    const page = await browser.newPage();
    const foreign: string[] = [];
    const faults: string[] = [];
    page.on('response', (response) => {
      if (!new URL(response.url()).href.includes(new URL(service.url).host)) foreign.push(response.url());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(service.url + path);
    return { page, foreign, faults };
  }

  it('/docs shows every operation and sends a request that a person tries out', async () => {
    const { page, foreign, faults } = await open('/docs');
    await page.waitForSelector('#operations-Webhook-ingestMessage');
    await page.click('#operations-Messages-listMessages .opblock-summary-control');
    await page.fill('#operations-Messages-listMessages tr[data-param-name="q"] input', 'hello');
    await page.click('#operations-Messages-listMessages button.execute');
    const answer = page.locator('#operations-Messages-listMessages .live-responses-table .highlight-code').first();
    await expect(answer.innerText()).resolves.toContain('"message_id": "m1"');
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
  });

  it('/redoc shows the reference', async () => {
    const { page, foreign, faults } = await open('/redoc');
    await page.waitForSelector('h1:has-text("webhook-inbox")');
    await page.waitForSelector('h2:has-text("Store one signed message")');
    expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
  });
});
