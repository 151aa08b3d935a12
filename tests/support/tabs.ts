import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';

export interface Tab {
  readonly page: Page;
  /** Exceptions in it and errors on its console, including violations of its policy. A test removes those that it causes on purpose. */
  readonly faults: string[];
}

interface WatchedTab extends Tab {
  readonly foreign: readonly string[];
}

/**
 * A browser for the tests of a file. Each tab is closed at the end of its test, which fails if the tab requested
 * anything from another origin, or if the browser reported an error.
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

/** In a separate context: nothing stored, in India, where half hours distinguish UTC from local time. */
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
    // The browser itself reports answers with an error status, which some tests expect.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) faults.push(line.text());
  });
  return { page, foreign, faults };
}
