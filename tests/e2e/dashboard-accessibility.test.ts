import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openTabs } from '../support/tabs.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const KEY = 'a-key-for-reading-messages';
/** The rules of WCAG 2.2 up to AA, and those that axe regards as good practice. */
const EVERYTHING = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** The rules whose result depends on the theme. */
const CONTRAST = { type: 'rule', values: ['color-contrast'] };

// axe examines every element of the page.
jest.setTimeout(90_000);

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const openTab = openTabs();
let filled: RunningService;
let empty: RunningService;
let locked: RunningService;

beforeAll(async () => {
  [filled, empty, locked] = await Promise.all([startService(), startService(), startService({ READ_API_KEYS: KEY })]);
  for (let i = 0; i < 30; i += 1) {
    const ts = new Date(Date.now() - i * 3_600_000).toISOString();
    await filled.webhook({ ...MESSAGE, message_id: `m${String(i)}`, from: `+1555000${String(i % 7)}`, ts });
  }
  await filled.webhook('{}');
});
afterAll(() => Promise.all([filled.stop(), empty.stop(), locked.stop()]));

const open = async (page: Page, service: RunningService, search = ''): Promise<void> => {
  await page.goto(`${service.url}/${search}`);
  await page.locator('.top .dot', { hasText: /^Ready$/ }).waitFor();
};
const dialog = (page: Page, name: string): Promise<void> => page.getByRole('dialog', { name }).waitFor();

const STATES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  filled: async (page) => {
    await open(page, filled);
    await page.locator('tr.message').first().waitFor();
    await page.locator('.bar').first().waitFor();
    await page.locator('.rejections li').first().waitFor();
    await page.locator('.shares').nth(1).waitFor();
    await page.getByText('As a table').click();
  },
  empty: async (page) => {
    await open(page, empty);
    await page.getByText('No message has come yet.').waitFor();
  },
  'filtered to nothing': async (page) => {
    await open(page, filled, '?q=nobody%20wrote%20this&from=%2B15550001');
    await page.getByText('No message matches.').waitFor();
  },
  'with an error': async (page) => {
    await open(page, filled, '?from=nobody');
    await page.locator('.list .notice').waitFor();
  },
  'with a message open': async (page) => {
    await open(page, filled, '?message=m1');
    await dialog(page, 'Message');
    await page.getByText('"message_id": "m1"').waitFor();
  },
  'with all rejections open': async (page) => {
    await open(page, filled);
    await page.getByRole('button', { name: 'All 1…' }).click();
    await dialog(page, 'Refused webhooks');
    await page.getByText('These are all that are kept.').waitFor();
  },
  'with the keys open': async (page) => {
    await open(page, filled);
    await page.getByRole('button', { name: 'Keys' }).click();
    await dialog(page, 'Keys');
  },
  'asking for the read key': async (page) => {
    await open(page, locked);
    await dialog(page, 'Read key');
    await page.fill('input[name=key]', 'wrong');
    await page.press('input[name=key]', 'Enter');
    await page.getByText('not one of the keys').waitFor();
  },
  'without the read key': async (page) => {
    await open(page, locked);
    await dialog(page, 'Read key');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Enter key' }).waitFor();
  },
};

async function findings(page: Page, runOnly: object = EVERYTHING): Promise<string[]> {
  await page.evaluate(AXE);
  const run = `axe.run(document, ${JSON.stringify({ runOnly })})`;
  const { violations } = await page.evaluate<{ violations: Finding[] }>(run);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}

describe('axe finds nothing in the dashboard, light and dark', () => {
  async function expectNothing(page: Page): Promise<void> {
    await page.emulateMedia({ colorScheme: 'light' });
    await expect(findings(page)).resolves.toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(findings(page, CONTRAST)).resolves.toEqual([]);
  }

  it.each(Object.keys(STATES))('%s', async (state) => {
    const { page } = await openTab({ reducedMotion: 'reduce' });
    await STATES[state]?.(page);
    await expectNothing(page);
  });

  it('narrow', async () => {
    const options = { reducedMotion: 'reduce', viewport: { width: 360, height: 740 } } as const;
    const { page } = await openTab(options);
    await STATES['filled']?.(page);
    await expectNothing(page);
  });
});

describe('the dashboard', () => {
  it('fails the check with a control without a name and with a pale text', async () => {
    const { page } = await openTab();
    await STATES['filled']?.(page);
    await page.evaluate(`{
      const button = document.querySelector('nav button');
      for (const name of ['aria-label', 'title']) button.removeAttribute(name);
      button.textContent = '';
      document.querySelector('.total').style.color = '#ccc';
    }`);
    const found = (await findings(page)).map((finding) => finding.split(':', 1)[0]);
    expect(found).toEqual(expect.arrayContaining(['button-name', 'color-contrast']));
  });

  it.each([
    ['360 pixels wide', { viewport: { width: 360, height: 740 } }],
    ['at 200 % of a small window', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ['at 400 % of a wide one', { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }],
  ])('needs no horizontal scrolling %s', async (_name, options) => {
    const { page } = await openTab(options);
    await STATES['filled']?.(page);
    await expect(page.evaluate('document.documentElement.scrollWidth <= innerWidth')).resolves.toBe(true);
    await page.locator('tr.message').first().click();
    await page.getByText('"message_id":').waitFor();
    await expect(
      page.evaluate('document.querySelector("dialog").scrollWidth <= document.querySelector("dialog").clientWidth'),
    ).resolves.toBe(true);
  });

  it('moves nothing for users who prefer no motion', async () => {
    const { page } = await openTab({ reducedMotion: 'reduce' });
    await STATES['filled']?.(page);
    await expect(
      page.evaluate('getComputedStyle(document.querySelector(".bar span")).transitionDuration'),
    ).resolves.toBe('0s');
  });
});
