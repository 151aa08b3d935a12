import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openTabs } from '../support/tabs.ts';
import { until } from '../support/dashboard.ts';
import { cuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const openTab = openTabs();
let service: RunningService;
let proxy: CuttableProxy;
let page: Page;
let posted = 0;

beforeAll(async () => {
  service = await startService();
  await service.webhook(MESSAGE);
  proxy = await cuttableProxy(service.port);
});
afterAll(async () => {
  await proxy.close();
  await service.stop();
});
beforeEach(async () => {
  ({ page } = await openTab());
  await page.goto(proxy.url);
  await live();
});

const live = (): Promise<void> => page.locator('.top .dot.good', { hasText: /^Live$/ }).waitFor();
const rows = (): Promise<string[]> => page.locator('.tail li bdi').allInnerTexts();
/** Posts this number of messages, one after the other, and returns their texts. */
async function post(count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < count; i += 1) {
    posted += 1;
    const text = `live ${String(posted)}`;
    await service.webhook({ ...MESSAGE, message_id: `live-${String(posted)}`, ts: new Date().toISOString(), text });
    texts.push(text);
  }
  return texts;
}
const counted = (count: number): Promise<void> =>
  page.locator('.tail', { hasText: `${String(count)} since opened` }).waitFor();

describe('the live tail', () => {
  it('shows messages when they are stored, the newest first, and opens them', async () => {
    await page.getByText('Waiting for the next message…').waitFor();
    const texts = await post(3);
    await counted(3);
    await expect(rows()).resolves.toEqual(texts.toReversed());
    await page.locator('.tail li button').first().click();
    await page
      .getByRole('dialog')
      .locator('.full', { hasText: texts[2] ?? '' })
      .waitFor();
    await page.keyboard.press('Escape');
  });

  it('offers new messages to the table, and counts them at the top', async () => {
    const before = await page.locator('.top .total strong').innerText();
    const texts = await post(2);
    await page.getByRole('button', { name: 'Show 2 new ones' }).click();
    await page
      .locator('tr.message .text')
      .first()
      .getByText(texts[1] ?? '')
      .waitFor();
    await page.locator('.top .total strong', { hasText: String(Number(before) + 2) }).waitFor();
    await page.getByRole('button', { name: 'Refresh' }).waitFor();
  });

  it('returns the focus when a message that was opened in it is closed, even if the table has it, too', async () => {
    const [text = ''] = await post(1);
    await page.getByRole('button', { name: 'Show 1 new one' }).click();
    await page.locator('tr.message .text').first().getByText(text).waitFor();
    await page.locator('.tail li button').first().click();
    await page.getByRole('dialog').locator('.full', { hasText: text }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await until(page, 'document.activeElement.closest(".tail li") !== null');
  });

  it('resumes after the connection was cut, without losing or repeating a message', async () => {
    const first = await post(2);
    await counted(2);
    proxy.cut();
    await page.locator('.top .dot', { hasText: 'Cut off, trying again' }).waitFor();
    const missed = await post(5);
    proxy.mend();
    await live();
    const after = await post(2);
    await counted(9);
    await expect(rows()).resolves.toEqual([...first, ...missed, ...after].toReversed());
  });

  it('resumes from the moment it was opened if it was cut before the first message', async () => {
    proxy.cut();
    await page.locator('.top .dot', { hasText: 'Cut off, trying again' }).waitFor();
    const missed = await post(3);
    proxy.mend();
    await counted(3);
    await expect(rows()).resolves.toEqual(missed.toReversed());
  });

  it('does not change while it is paused, and misses nothing', async () => {
    const first = await post(1);
    await counted(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    const more = await post(2);
    await page.getByRole('button', { name: 'Continue (2 new)' }).waitFor();
    await expect(rows()).resolves.toEqual(first);
    await page.locator('.top .dot', { hasText: 'Paused' }).waitFor();
    await page.getByRole('button', { name: 'Continue (2 new)' }).click();
    await until(page, 'document.querySelectorAll(".tail li").length === 3');
    await expect(rows()).resolves.toEqual([...first, ...more].toReversed());
  });

  it('keeps fifty messages, however many arrive', async () => {
    const texts = await post(70);
    await counted(70);
    await expect(rows()).resolves.toEqual(texts.toReversed().slice(0, 50));
  });

  it('informs screen readers at intervals, not of each message', async () => {
    await page.clock.install();
    await page.reload();
    await page.clock.runFor(1_000);
    await live();
    const said = page.locator('.tail [role=status]');
    await post(4);
    // In such small steps that all have arrived, however slowly, before the next announcement is due.
    for (let i = 0; i < 4_000 && (await page.locator('.tail li').count()) < 4; i += 1) await page.clock.runFor(2);
    await expect(page.locator('.tail li').count()).resolves.toBe(4);
    await expect(said.innerText()).resolves.toBe('');
    await page.clock.runFor(10_000);
    await expect(said.innerText()).resolves.toBe('4 new messages');
    await expect(page.locator('.tail [aria-live], .tail [role=log]').count()).resolves.toBe(0);
  });
});

describe('an empty table', () => {
  it('fills by itself when the first message arrives', async () => {
    const fresh = await startService();
    const { page: own } = await openTab();
    await own.goto(fresh.url);
    await own.locator('.top .dot.good', { hasText: /^Live$/ }).waitFor();
    await own.getByText('No message has come yet.').waitFor();
    await fresh.webhook(MESSAGE);
    await own.locator('tr.message').waitFor();
    await own.context().close();
    await fresh.stop();
  });
});

describe('a position that the service no longer knows', () => {
  it('makes the page read the list again', async () => {
    await post(1);
    await counted(1);
    const lists: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/messages') lists.push(request.url());
    });
    await page.route('**/messages/stream', (route) =>
      route.continue({ headers: { ...route.request().headers(), 'last-event-id': 'no-place-of-this-service' } }),
    );
    proxy.cut();
    await page.locator('.top .dot', { hasText: 'Cut off, trying again' }).waitFor();
    const missed = await post(1);
    proxy.mend();
    await page
      .locator('tr.message .text')
      .first()
      .getByText(missed[0] ?? '')
      .waitFor();
    expect(lists.length).toBeGreaterThan(0);
    await expect(page.locator('.tail li').count()).resolves.toBe(0);
  });
});
