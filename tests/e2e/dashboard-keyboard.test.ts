import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openTabs } from '../support/tabs.ts';
import { until } from '../support/dashboard.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

/** The newest is m0. */
const COUNT = 150;

const openTab = openTabs();
let service: RunningService;
let page: Page;

beforeAll(async () => {
  service = await startService();
  const messages = Array.from({ length: COUNT }, (_, i) => ({
    ...MESSAGE,
    message_id: `m${String(i)}`,
    ts: new Date(Date.now() - i * 60_000).toISOString(),
    text: i % 2 === 0 ? 'even' : 'odd one',
  }));
  await Promise.all(messages.map((message) => service.webhook(message)));
});
afterAll(() => service.stop());
beforeEach(async () => {
  ({ page } = await openTab());
  await page.goto(service.url);
  await page.locator('tr.message').first().waitFor();
});

const press = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
/** Resolves when the row of this message has the focus. */
const onRow = (id: string): Promise<void> =>
  until(page, `new URL(document.activeElement.href ?? 'http://none').searchParams.get('message') === '${id}'`);
const open = (id: string): Promise<void> =>
  page.getByRole('dialog', { name: 'Message' }).getByText(id, { exact: true }).waitFor();
const closed = (): Promise<void> => page.getByRole('dialog').waitFor({ state: 'detached' });

describe('the keyboard alone', () => {
  it('searches, moves to a row, opens it, moves on inside it, closes it and returns to the row', async () => {
    await press('/');
    await page.keyboard.type('odd one');
    await page.locator('.list [role=status]', { hasText: '75 matches' }).first().waitFor();
    await press('Tab', 'Tab');
    await page.evaluate('document.activeElement.blur()');
    await press('j');
    await onRow('m1');
    await press('ArrowDown', 'ArrowDown');
    await onRow('m5');
    await press('k');
    await onRow('m3');
    await press('Enter');
    await open('m3');
    await press('j');
    await open('m5');
    await press('k');
    await open('m3');
    await press('j', 'Escape');
    await closed();
    await onRow('m5');
    await press('ArrowUp', 'ArrowUp', 'ArrowUp');
    await onRow('m1');
  });

  it('reaches the table by Tab as one stop, and by a link at the top of the page', async () => {
    await press('Tab');
    await expect(page.evaluate('document.activeElement.textContent')).resolves.toBe('Skip to the messages');
    await press('Enter');
    await until(page, 'document.activeElement.id === "messages"');
    for (let i = 0; i < 30; i += 1) {
      await press('Tab');
      if (await page.evaluate<boolean>('document.activeElement.closest("tr.message") !== null')) break;
    }
    await onRow('m0');
    await press('Tab');
    await until(page, 'document.activeElement.closest("tr.message") === null');
  });

  it('moves beyond the rows in the document and those loaded, with the focused row in sight', async () => {
    await press('j');
    await onRow('m0');
    for (let i = 1; i < COUNT; i += 1) {
      await press('j');
      await onRow(`m${String(i)}`);
    }
    await press('j');
    await onRow(`m${String(COUNT - 1)}`);
    await expect(
      page.evaluate(`(() => {
        const { top, bottom } = document.activeElement.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
      })()`),
    ).resolves.toBe(true);
  });

  it('moves through the bars of the chart, and shows the messages of one', async () => {
    await page.locator('.bar[tabindex="0"]').focus();
    await press('Home');
    await page.locator('.readout', { hasText: /^0 messages, / }).waitFor();
    await press('End');
    const words = (await page.locator('.bar').last().getAttribute('aria-label')) ?? '';
    await page.locator('.readout', { hasText: words }).waitFor();
    await press('Enter');
    const [count = ''] = words.split(' ');
    await page
      .locator('.list [role=status]', { hasText: new RegExp(`^\\s*${count} match(es)?\\s*$`) })
      .first()
      .waitFor();
    await press('ArrowLeft');
    await page.locator('.readout strong', { hasNotText: words }).waitFor();
  });

  it('shows its keys, and ignores single keys when they are switched off', async () => {
    await press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.waitFor();
    await help.getByLabel('Single keys do something').uncheck();
    await press('Escape');
    await closed();
    await press('/', '?', 'j');
    await expect(page.getByRole('dialog').count()).resolves.toBe(0);
    await expect(page.evaluate('document.activeElement.id')).resolves.not.toBe('search');
    await page.locator('tr.message a').first().focus();
    await press('ArrowDown');
    await onRow('m1');
    await press('Enter');
    await open('m1');
    await press('j');
    await page.getByRole('dialog').getByText('"message_id": "m1"').waitFor();
    await press('Escape');
    await closed();
    await page.reload();
    await page.locator('tr.message').first().waitFor();
    await press('?');
    await expect(page.getByRole('dialog').count()).resolves.toBe(0);
  });

  it('returns the focus after a dialog', async () => {
    await page.getByRole('button', { name: 'Keys' }).focus();
    await press('Enter');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await press('Escape');
    await closed();
    await until(page, 'document.activeElement.getAttribute("aria-label") === "Keys"');
  });

  it('keeps the focus in a dialog, and types keys into fields', async () => {
    await page.locator('tr.message a').first().click();
    await open('m0');
    for (let i = 0; i < 15; i += 1) {
      await press('Tab');
      await expect(
        page.evaluate('document.activeElement === document.body || document.activeElement.closest("dialog") !== null'),
      ).resolves.toBe(true);
    }
    await press('Escape');
    await closed();
    await page.focus('#search');
    await page.keyboard.type('j/k?');
    await expect(page.inputValue('#search')).resolves.toBe('j/k?');
    await expect(page.getByRole('dialog').count()).resolves.toBe(0);
  });
});
