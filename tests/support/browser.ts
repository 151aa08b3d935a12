import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

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

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: FLAGS });
}

export interface WatchedPage {
  readonly page: Page;
  /** Where it asked for something that is not of this origin. */
  readonly foreign: readonly string[];
  /** What was thrown in it and what its console calls an error: breaches of its policy among them. */
  readonly faults: readonly string[];
}

/** A page in a context of its own: nothing stored, in India, where half hours tell UTC from local time. */
export async function watchedPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Asia/Kolkata', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const foreign: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    // What the browser itself says of an answer that is an error, as some here are meant to be.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) faults.push(line.text());
  });
  return { page, foreign, faults };
}
