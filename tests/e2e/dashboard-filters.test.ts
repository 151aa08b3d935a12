import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { startService, type RunningService } from '../support/service.ts';

const TIMES = 'document.querySelectorAll(\'input[type="datetime-local"]\')';

let service: RunningService;
let browser: Browser;
beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

it.each([1500, 1280, 800, 360, 320])(
  'shows the times that were chosen to the second, %i pixels wide',
  async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    await page.goto(`${service.url}/?since=2025-12-15T10:20:30Z&until=2025-12-15T11:20:30Z`);
    await page.locator('input[type="datetime-local"]').last().waitFor();
    const given = await page.evaluate<number[]>(`Array.from(${TIMES}, ({ offsetWidth }) => offsetWidth)`);
    const needed = await page.evaluate<number[]>(
      `Array.from(${TIMES}, (input) => { input.style.width = 'auto'; return input.offsetWidth; })`,
    );
    await page.close();
    expect(given).toHaveLength(2);
    expect(given.map((pixels, i) => pixels >= (needed[i] ?? Infinity))).toEqual([true, true]);
  },
);
