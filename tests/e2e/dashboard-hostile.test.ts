import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { openTabs, type Tab } from '../support/tabs.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const RLO = '\u202e';
const TEXTS: Readonly<Record<string, string>> = {
  script: '<script>globalThis.harmed = true</script>',
  image: '<img src=x onerror="globalThis.harmed = true"><b>bold</b>',
  attribute: "\"><svg onload=globalThis.harmed=true> ' onmouseover=alert(1) x='",
  template: '${globalThis.harmed = true} {{7*7}} </textarea></title></style>-->',
  arabic: 'مرحبا بالعالم <b>كيف</b> الحال؟ 123',
  override: `invoice${RLO}fdp.exe`,
  emoji: '👨‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0323 \u{1F1EE}\u{1F1F3}',
  zalgo: `Z${'\u0335\u0322'.repeat(200)}`,
  long: 'W'.repeat(4_096),
  lines: 'one\n\n\n\ttwo\r\nthree',
  proto: '__proto__',
  blank: ' \u200b\u00a0',
};
const IDS: Readonly<Record<string, string>> = {
  script: '<script>alert(1)</script>',
  proto: '__proto__',
  long: 'x'.repeat(255),
};
const id = (name: string): string => IDS[name] ?? `../${name}?&#"%`;

const openTab = openTabs();
let service: RunningService;
let tab: Tab;
let page: Page;

beforeAll(async () => {
  service = await startService({ REJECTION_EXCERPT_BYTES: '256' });
  let i = 0;
  for (const [name, text] of Object.entries(TEXTS)) {
    const ts = new Date(Date.now() - 60_000 * (i += 1)).toISOString();
    await service.webhook({ ...MESSAGE, message_id: id(name), ts, text });
  }
  await service.webhook('<img src=x onerror="globalThis.harmed = true">');
});
afterAll(() => service.stop());
beforeEach(async () => {
  tab = await openTab({ viewport: { width: 1100, height: 900 } });
  ({ page } = tab);
  await page.addInitScript(`globalThis.breaches = [];
    addEventListener('securitypolicyviolation', (event) => breaches.push(event.violatedDirective + ' ' + event.blockedURI));`);
});

/** Nothing of it ran, became markup or was stopped by the policy only. */
async function expectHarmless(): Promise<void> {
  await expect(page.evaluate('[globalThis.harmed ?? false, globalThis.breaches]')).resolves.toEqual([false, []]);
  await expect(
    page.evaluate('document.querySelectorAll("#app img, #app b, #app script, #app svg, #app style").length'),
  ).resolves.toBe(0);
  await expect(page.evaluate('document.documentElement.scrollWidth <= innerWidth')).resolves.toBe(true);
}

describe('text of strangers', () => {
  it('is text in the table, each in its own direction and in rows of equal height', async () => {
    await page.goto(service.url);
    await page
      .locator('tr.message')
      .nth(Object.keys(TEXTS).length - 1)
      .waitFor();
    const texts = await page.evaluate<string[]>(
      'Array.from(document.querySelectorAll("td.text bdi"), (one) => one.textContent)',
    );
    expect(texts).toEqual(Object.values(TEXTS));
    const heights = await page.evaluate<number[]>(
      '[...new Set(Array.from(document.querySelectorAll("tr.message"), (row) => Math.round(row.getBoundingClientRect().height)))]',
    );
    expect(heights).toHaveLength(1);
    await expectHarmless();
  });

  it.each(Object.keys(TEXTS))('is complete when its message is opened: %s', async (name) => {
    await page.goto(`${service.url}/?${new URLSearchParams({ message: id(name) }).toString()}`);
    const dialog = page.getByRole('dialog', { name: 'Message' });
    await dialog.locator('pre.body').waitFor();
    await expect(page.evaluate('document.querySelector("dialog .full").textContent')).resolves.toBe(TEXTS[name]);
    await expect(page.evaluate('document.querySelector("dialog dd code").textContent')).resolves.toBe(id(name));
    const body = await page.evaluate<string>('document.querySelector("dialog pre.body").textContent');
    expect((JSON.parse(body) as { text: string }).text).toBe(TEXTS[name]);
    await expect(
      page.evaluate('document.querySelector("dialog").scrollWidth <= document.querySelector("dialog").clientWidth'),
    ).resolves.toBe(true);
    await expectHarmless();
  });

  it('is found by a search for it, and is text in the search field', async () => {
    await page.goto(`${service.url}/?${new URLSearchParams({ q: TEXTS['attribute'] ?? '' }).toString()}`);
    await page.locator('.list [role=status]', { hasText: '1 match' }).first().waitFor();
    await expect(page.inputValue('#search')).resolves.toBe(TEXTS['attribute']);
    await expectHarmless();
  });

  it('is text among the rejections', async () => {
    await page.goto(service.url);
    await page.getByRole('button', { name: 'All 1…' }).click();
    await page.getByRole('dialog').getByText('<img src=x onerror="globalThis.harmed = true">').waitFor();
    await expectHarmless();
  });

  it('is stopped by the policy even if the page inserted it as markup', async () => {
    await page.goto(service.url);
    const outcome = await page.evaluate<string>(`(() => {
      const script = document.createElement('script');
      try {
        script.textContent = 'globalThis.harmed = true';
        document.body.append(script);
        document.body.innerHTML = '<img>';
        return 'taken';
      } catch (error) {
        return error.name;
      }
    })()`);
    expect(outcome).toBe('TypeError');
    await expect(page.evaluate('globalThis.harmed ?? false')).resolves.toBe(false);
    await expect(page.evaluate('breaches.length > 0')).resolves.toBe(true);
    expect(tab.faults.splice(0)).not.toEqual([]);
  });
});
