import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openTabs } from '../support/tabs.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const KEY = 'a-key-for-reading-messages';
const STORED = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])';

const openTab = openTabs();
let service: RunningService;
let page: Page;
let asked: { url: string; authorization: string | undefined }[];

beforeAll(async () => {
  service = await startService({ READ_API_KEYS: KEY });
  await service.webhook(MESSAGE);
});
afterAll(() => service.stop());
beforeEach(async () => {
  ({ page } = await openTab());
  asked = [];
  page.on('request', (request) => {
    asked.push({ url: request.url(), authorization: request.headers()['authorization'] });
  });
  await page.goto(service.url);
  await dialog().waitFor();
});

const dialog = (): ReturnType<Page['locator']> => page.getByRole('dialog', { name: 'Read key' });
const unlocked = (): Promise<void> => page.locator('.list [role=status]', { hasText: 'in all' }).first().waitFor();

async function enter(key: string): Promise<void> {
  await page.fill('input[name=key]', key);
  await page.getByRole('button', { name: 'Use this key' }).click();
}

describe('the read key', () => {
  it('is requested once, and then the page shows everything', async () => {
    await enter(KEY);
    await unlocked();
    await page.locator('.bar').first().waitFor();
    await page.locator('table[aria-label="Top senders"]').waitFor();
    await page.getByText('No webhook was refused.').waitFor();
    await page.locator('table[aria-label="Outcomes of webhooks"]').waitFor();
    await page.locator('tr.message').click();
    await page.getByText('"message_id": "m1"').waitFor();
    await expect(dialog().count()).resolves.toBe(0);
  });

  it('is reported as wrong, even if no header could carry it', async () => {
    for (const wrong of ['not-the-key-that-it-wants', 'ключ', 'with a space']) {
      await enter(wrong);
      await page.getByRole('alert').getByText('This is not one of the keys of this service.').waitFor();
    }
    await enter(KEY);
    await unlocked();
  });

  it('is in memory only, in no address, and sent to this service only', async () => {
    await enter(KEY);
    await unlocked();
    await expect(page.evaluate(STORED)).resolves.toBe('[{},{},""]');
    expect(asked.filter(({ url }) => url.includes(KEY))).toEqual([]);
    const withKey = asked.filter(({ authorization }) => authorization !== undefined);
    expect(withKey.length).toBeGreaterThan(4);
    expect(
      withKey.every(({ url, authorization }) => url.startsWith(service.url) && authorization === `Bearer ${KEY}`),
    ).toBe(true);
    await page.reload();
    await dialog().waitFor();
  });

  it('removes the data of the previous key before any other answer arrives', async () => {
    await enter(KEY);
    await unlocked();
    await page.locator('.top .dot.good', { hasText: /^Live$/ }).waitFor();
    await service.webhook({ ...MESSAGE, text: 'live words', message_id: 'live' });
    await page.locator('.tail li', { hasText: 'live words' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.route('**/messages?*', () => undefined);
    await page.getByRole('button', { name: 'Forget key' }).click();
    await dialog().waitFor();
    await expect(page.getByText('live words').count()).resolves.toBe(0);
    await expect(page.locator('tr.message').count()).resolves.toBe(0);
  });

  it('stays in the tab on request, until the user removes it', async () => {
    await page.getByLabel('Keep it until this tab is closed').check();
    await enter(KEY);
    await unlocked();
    await page.reload();
    await unlocked();
    await page.getByRole('button', { name: 'Forget key' }).click();
    await dialog().waitFor();
    await expect(page.evaluate(STORED)).resolves.toBe('[{},{},""]');
    await expect(page.locator('tr.message').count()).resolves.toBe(0);
    await expect(page.getByText('+1234567890').count()).resolves.toBe(0);
  });

  it('is requested above the message of a link, which appears afterwards', async () => {
    await page.goto(`${service.url}/?message=m1`);
    await dialog().waitFor();
    await enter(KEY);
    await page.getByRole('dialog', { name: 'Message' }).getByText('"message_id": "m1"').waitFor();
    await dialog().waitFor({ state: 'detached' });
  });

  it('can be entered later', async () => {
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await page.locator('.list .notice', { hasText: 'A read key is needed' }).waitFor();
    await page.getByRole('button', { name: 'Enter key' }).click();
    await enter(KEY);
    await unlocked();
  });

  it('is requested again when the service no longer accepts it', async () => {
    await enter(KEY);
    await unlocked();
    await page.route('**/stats', (route) =>
      route.fulfill({ status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="webhook-inbox"' }, body: '' }),
    );
    await dialog().getByText('The service no longer takes the key that was used.').waitFor();
    await page.unroute('**/stats');
    await enter(KEY);
    await unlocked();
  });
});
