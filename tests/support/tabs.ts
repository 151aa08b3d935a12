import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';

export interface Tab {
  readonly page: Page;
  /** What was thrown in it and what its console calls an error, breaches of its policy among them. A test takes out what it means to cause. */
  readonly faults: string[];
}

interface WatchedTab extends Tab {
  readonly foreign: readonly string[];
}

/**
 * A browser for the tests of a file. Each tab is closed at the end of the test that opened it, which fails if the tab asked
 * for something that is not of its origin, or if the browser found a fault in it.
 */
export function openTabs(): (options?: BrowserContextOptions) => Promise<Tab> {
  let browser: Browser;
  let tabs: WatchedTab[] = [];
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterEach(async () => {
    const opened = tabs;
    tabs = [];
    await Promise.all(opened.map(({ page }) => page.context().close()));
    for (const { foreign, faults } of opened) expect({ foreign, faults }).toEqual({ foreign: [], faults: [] });
  });
  afterAll(() => browser.close());
  return async (options) => {
    const tab = await watchedTab(browser, options);
    tabs.push(tab);
    return tab;
  };
}

/** In a context of its own: nothing stored, in India, where half hours tell UTC from local time. */
async function watchedTab(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedTab> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Asia/Kolkata', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const foreign: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest() || /^(data|blob):/.test(request.url())) return;
    if (new URL(request.url()).origin !== new URL(page.url()).origin) foreign.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    // What the browser itself says of an answer that is an error, as some here are meant to be.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) faults.push(line.text());
  });
  return { page, foreign, faults };
}
