import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { openTabs } from '../support/tabs.ts';
import { shares, until, walkTable } from '../support/dashboard.ts';
import { sign } from '../support/http-client.ts';
import { SECRET, startService, type RunningService } from '../support/service.ts';

const [OFTEN, SELDOM] = ['+15550000001', '+15550000002'];
/** 260 messages, one per minute from 10:00 UTC on: several pages, two of them of one sender. */
const MESSAGES = Array.from({ length: 260 }, (_, i) => ({
  message_id: `m${String(i).padStart(3, '0')}`,
  from: i % 4 === 3 ? SELDOM : OFTEN,
  to: '+14155550100',
  ts: new Date(Date.UTC(2025, 0, 15, 10, i)).toISOString().replace('.000Z', 'Z'),
  text: i % 10 === 0 ? `Straße ${String(i)}` : `order ${String(i)}`,
}));
const NEWEST_FIRST = [...MESSAGES].reverse();
const ids = (messages: readonly { message_id: string }[]): string[] => messages.map(({ message_id: id }) => id);

/** The hours of all of them. */
const DAY = '?end=2025-01-16T00:00:00Z';

const openTab = openTabs();
let service: RunningService;
let page: Page;

beforeAll(async () => {
  service = await startService();
  await Promise.all(MESSAGES.map((message) => service.webhook(message)));
  await service.webhook(MESSAGES[0]);
  const signature = Buffer.from(sign(SECRET, '{}'), 'hex').toString('base64');
  await service.webhook('{}', { 'x-signature': signature });
  await service.webhook('{}');
});
afterAll(() => service.stop());
beforeEach(async () => {
  ({ page } = await openTab());
});

async function open(search = ''): Promise<void> {
  await page.goto(`${service.url}/${search}`);
}
const total = (words: string): Promise<void> =>
  page.locator('.list [role=status]', { hasText: words }).first().waitFor();

describe('the dashboard', () => {
  it('shows the state of the service, and its number of messages', async () => {
    await open();
    await page.locator('.top .dot', { hasText: /^Ready$/ }).waitFor();
    await page.locator('.top .total', { hasText: '260 messages' }).waitFor();
    await total('260 in all');
  });

  it('counts senders and outcomes, and shows rejections with their reasons', async () => {
    await open();
    await expect(shares(page, 'Top senders')).resolves.toEqual({ [OFTEN]: '195', [SELDOM]: '65' });
    await expect(shares(page, 'Outcomes of webhooks')).resolves.toEqual({
      Stored: '260',
      'Duplicate, stored before': '1',
      'Wrong or missing signature': '1',
      'Not valid': '1',
    });
    const rejections = page.locator('section', { has: page.getByRole('heading', { name: 'Last rejections' }) });
    await rejections.getByText('written in base64: write it in hexadecimal').waitFor();
    await expect(rejections.locator('li strong').allInnerTexts()).resolves.toEqual([
      'Not what the contract asks for',
      'Signature in another form',
    ]);
    await rejections.getByRole('button', { name: 'All 2…' }).click();
    const all = page.getByRole('dialog', { name: 'Refused webhooks' });
    await all.getByText('These are all that are kept.').waitFor();
    await expect(all.getByText('content-length').count()).resolves.toBe(2);
  });

  it('pages through all rejections', async () => {
    const answer = await service.fetch('/rejections?limit=1');
    const { data } = answer.json() as { data: { id: number; request_id: string }[] };
    await page.route('**/rejections?*', (route) => {
      const { searchParams: query } = new URL(route.request().url());
      const first = Number(query.get('cursor') ?? 0);
      const rows = Array.from({ length: Math.min(Number(query.get('limit')), 120 - first) }, (_, i) => ({
        ...data[0],
        id: first + i + 1,
        request_id: `request-${String(first + i + 1)}`,
      }));
      const end = first + rows.length;
      const json = {
        data: rows,
        total: 120,
        limit: rows.length,
        offset: 0,
        next_cursor: end < 120 ? String(end) : null,
      };
      return route.fulfill({ json });
    });
    await open();
    await page.getByRole('button', { name: 'All 120…' }).click();
    const all = page.getByRole('dialog', { name: 'Refused webhooks' });
    await all.getByRole('button', { name: 'More' }).click();
    await all.getByText('request-100', { exact: true }).waitFor();
    await all.getByRole('button', { name: 'More' }).click();
    await all.getByText('These are all that are kept.').waitFor();
    await expect(all.locator('code', { hasText: /^request-/ }).allInnerTexts()).resolves.toEqual(
      Array.from({ length: 120 }, (_, i) => `request-${String(i + 1)}`),
    );
  });

  it('draws messages over time, and shows those of a bar', async () => {
    await open(DAY);
    const bars = page.locator('.bar');
    await bars.first().waitFor();
    await expect(bars.count()).resolves.toBe(48);
    const labels = await page.evaluate<string[]>(
      'Array.from(document.querySelectorAll(".bar"), (bar) => bar.getAttribute("aria-label"))',
    );
    expect(labels.filter((label) => !label.startsWith('0 messages'))).toEqual([
      ...['60 messages, Wed 15:30', '60 messages, Wed 16:30', '60 messages, Wed 17:30', '60 messages, Wed 18:30'],
      '20 messages, Wed 19:30',
    ]);
    await page.locator('.readout', { hasText: '260 messages in 48 hours, at most 60 in one hour' }).waitFor();

    await page.locator('.bar[aria-label^="20 messages"]').click();
    await total('20 matches');
    const { ids: found } = await walkTable(page);
    expect(found).toEqual(ids(NEWEST_FIRST.slice(0, 20)));
    expect(new URL(page.url()).searchParams.get('since')).toBe('2025-01-15T14:00:00Z');
    await expect(page.inputValue('.filters input >> nth=2')).resolves.toBe('2025-01-15T19:30');
    await page.locator('.bar[aria-pressed="true"]').click();
    await total('260 in all');
  });

  it('has the same figures as a table, and offers other periods and bars', async () => {
    await open();
    await page.getByRole('button', { name: 'Go there' }).click();
    await page.locator('.readout', { hasText: '260 messages' }).waitFor();
    await page.getByText('As a table').click();
    const table = page.getByRole('region', { name: 'Messages over time as a table' });
    await expect(table.locator('td').allInnerTexts()).resolves.toEqual(
      [...new Array<number>(43).fill(0), 60, 60, 60, 60, 20].map(String),
    );
    await page.getByRole('button', { name: 'Days', exact: true }).click();
    await page.getByRole('button', { name: 'Go there' }).click();
    await table.getByRole('row', { name: '15 Jan UTC 260' }).waitFor();
    await page.getByRole('button', { name: 'Later 30 days' }).click();
    await page.getByText('Nothing in this time').waitFor();
    await page.getByRole('button', { name: 'Earlier 30 days' }).click();
    await page.locator('.readout', { hasText: '260 messages' }).waitFor();
  });

  it('pages through all messages, the newest first, each once, with few of them in the document', async () => {
    await open();
    const { ids: found, mostInDocument } = await walkTable(page);
    expect(found).toEqual(ids(NEWEST_FIRST));
    expect(mostInDocument).toBeLessThan(80);
  });

  it('searches while the user types, and for two characters only on Enter', async () => {
    await open();
    await total('260 in all');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).searchParams.get('q') ?? ''));
    await page.fill('#search', 'st');
    await page.getByText('Enter searches for fewer than 3 characters').waitFor();
    await page.fill('#search', 'STRASSE');
    await total('26 matches');
    const { ids: found } = await walkTable(page);
    expect(found).toEqual(ids(NEWEST_FIRST.filter(({ text }) => text.startsWith('Straße'))));
    expect(asked).not.toContain('st');
    await page.fill('#search', '59');
    await page.press('#search', 'Enter');
    await total('3 matches');
    await page.fill('#search', 'nobody wrote this');
    await page.getByText('No message matches.').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await total('260 in all');
  });

  it('loses no letter that is typed while a search starts', async () => {
    await open();
    await total('260 in all');
    await page.evaluate(`{
      const push = history.pushState.bind(history);
      history.pushState = (...place) => {
        push(...place);
        setTimeout(() => {
          const search = document.getElementById('search');
          search.value += 'er 25';
          search.dispatchEvent(new Event('input', { bubbles: true }));
        });
      };
    }`);
    await page.fill('#search', 'ord');
    await until(page, 'new URL(location.href).searchParams.get("q") === "order 25"');
    await expect(page.inputValue('#search')).resolves.toBe('order 25');
  });

  it('filters by sender and time together, and by a click on a sender', async () => {
    await open();
    await page.getByRole('button', { name: SELDOM }).click();
    await total('65 matches');
    await page.fill('.filters input >> nth=2', '2025-01-15T16:00:00'); // 10:30 UTC
    await total('58 matches');
    await page.fill('.filters input >> nth=3', '2025-01-15T17:00:00');
    await total('15 matches');
    const { ids: found } = await walkTable(page);
    expect(found).toEqual(ids(NEWEST_FIRST.filter((_, i) => 259 - i >= 30 && 259 - i < 90 && (259 - i) % 4 === 3)));
    await page.fill('.filters input >> nth=1', '1 (555) 000-0001');
    await page.press('.filters input >> nth=1', 'Enter');
    await total('45 matches');
  });

  it("has its state in its address, and follows the browser's Back", async () => {
    await open('?q=stra%C3%9Fe&from=%2B15550000002');
    await total('0 matches');
    await page.getByRole('button', { name: OFTEN }).click();
    await total('26 matches');
    const shared = page.url();
    await page.locator('tr.message').first().click();
    await page.getByRole('dialog').getByText('m250', { exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(page.url()).toBe(shared);
    await page.goBack();
    await total('0 matches');
    await page.goForward();
    await total('26 matches');
    const other = await openTab();
    await other.page.goto(shared);
    await other.page.locator('.list [role=status]', { hasText: '26 matches' }).waitFor();
  });

  it('shows all of a message, and the body that it arrived in', async () => {
    await open('?message=m001');
    const dialog = page.getByRole('dialog', { name: 'Message' });
    await dialog.getByText('"message_id": "m001"').waitFor();
    const fields = await dialog.locator('.fields').innerText();
    for (const part of [
      'm001',
      OFTEN,
      '+14155550100',
      '15 Jan 2025, 15:31:00',
      'webhook',
      'text',
      'not reported',
      'Received',
    ]) {
      expect(fields).toContain(part);
    }
    await expect(dialog.locator('time').first().getAttribute('title')).resolves.toBe('2025-01-15 10:01:00 UTC');
    await expect(dialog.locator('.full').innerText()).resolves.toBe('order 1');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${service.url}/`);
  });

  it('stays open when a selection of text ends beside it, and closes on a click there', async () => {
    await open('?message=m001');
    const dialog = page.getByRole('dialog', { name: 'Message' });
    await dialog.getByText('"message_id": "m001"').waitFor();
    const { x = 0, y = 0 } = (await dialog.locator('.full').boundingBox()) ?? {};
    await page.mouse.move(x + 20, y + 5);
    await page.mouse.down();
    await page.mouse.move(100, y + 5, { steps: 3 });
    await page.mouse.up();
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    await expect(dialog.count()).resolves.toBe(1);
    await page.mouse.click(100, y + 5);
    await dialog.waitFor({ state: 'detached' });
  });

  it('copies', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await open('?message=m001');
    const dialog = page.getByRole('dialog', { name: 'Message' });
    const clipboard = (): Promise<string> => page.evaluate('navigator.clipboard.readText()');
    await dialog.getByRole('button', { name: 'Copy the id' }).click();
    await dialog.getByText('Copied').waitFor();
    await expect(clipboard()).resolves.toBe('m001');
    await dialog.getByRole('button', { name: 'Copy the body as received' }).click();
    await dialog.getByText('Copied').nth(1).waitFor();
    await expect(clipboard()).resolves.toBe(JSON.stringify(MESSAGES[1]));
  });

  it.each(['?end=soon', '?end=%2B275760-09-13T00:00:00Z', '?since=%2B275760-09-13T00:00:00Z'])(
    'is there whatever its address says: %s',
    async (search) => {
      await open(search);
      await page.locator('.bar').first().waitFor();
    },
  );

  it('reports an invalid filter and a missing message', async () => {
    await open('?from=nobody&since=yesterday');
    const notice = page.locator('.list .notice');
    await notice.getByText(/cannot search for this.*From: .*Since: /s).waitFor();
    await expect(notice.getByRole('button').count()).resolves.toBe(0);
    await page.getByRole('button', { name: 'Clear' }).click();
    await total('260 in all');
    await open('?message=unknown');
    await page.getByRole('dialog').getByText('It is not there.').waitFor();
  });

  it('says that the service is busy, and resumes automatically', async () => {
    let isBusy = true;
    await page.route('**/messages?*', (route) =>
      isBusy
        ? route.fulfill({
            status: 503,
            headers: { 'Retry-After': '1' },
            contentType: 'application/problem+json',
            body: '{}',
          })
        : route.continue(),
    );
    await open();
    await page.locator('.list .notice', { hasText: 'busy' }).waitFor();
    isBusy = false;
    await total('260 in all');
    await until(page, '!document.querySelector(".list .notice")');
  });

  it('says that the service does not answer, keeps its data, and recovers', async () => {
    await open();
    await total('260 in all');
    await page.context().setOffline(true);
    await page.locator('.top .dot.bad', { hasText: 'No answer from the service' }).waitFor();
    await page.locator('.stale').first().waitFor();
    await expect(page.locator('tr.message').count()).resolves.toBeGreaterThan(10);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.locator('.list .notice', { hasText: 'does not answer' }).waitFor();
    await page.context().setOffline(false);
    await page.locator('.list').getByRole('button', { name: 'Try again' }).click();
    await total('260 in all');
    await page.locator('.top .dot', { hasText: /^Ready$/ }).waitFor();
  });

  it('says that the service does not answer when a connection is dead without a sign', async () => {
    await page.clock.install();
    await open();
    await page.clock.runFor(1_000);
    await page.locator('.top .dot', { hasText: /^Ready$/ }).waitFor();
    let isDead = true;
    await page.route('**/health/ready', (route) => (isDead ? undefined : route.continue()));
    const asked = page.waitForRequest('**/health/ready');
    await page.clock.runFor(5_000);
    await asked;
    await page.clock.runFor(20_000);
    await page.locator('.top .dot.bad', { hasText: 'No answer from the service' }).waitFor();
    isDead = false;
    await page.clock.runFor(5_000);
    await page.locator('.top .dot', { hasText: /^Ready$/ }).waitFor();
  });

  it('follows the theme of the system, or remembers another', async () => {
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    await open();
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.getByLabel('Theme').selectOption('light');
    await expect(ground()).resolves.toBe(light);
    await page.reload();
    await expect(ground()).resolves.toBe(light);
    await page.getByLabel('Theme').selectOption('system');
    await expect(ground()).resolves.toBe(dark);
  });
});

describe('an id that two providers use', () => {
  it('opens the message of the row', async () => {
    const secret = `whsec_${Buffer.from('a secret of twenty-four.').toString('base64')}`;
    const both = await startService({ STANDARD_WEBHOOK_SECRET: secret });
    const message = { ...MESSAGES[0], message_id: 'same' };
    await both.webhook({ ...message, text: 'of one' });
    const body = JSON.stringify({ ...message, text: 'of the other' });
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    await both.fetch('/webhooks/standard', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'delivery',
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': signStandardWebhook({ secret, id: 'delivery', timestampSeconds, body }),
      },
      body,
    });
    const { page: own } = await openTab();
    const dialog = own.getByRole('dialog', { name: 'Message' });
    for (const [text, provider] of [
      ['of the other', 'standard'],
      ['of one', 'webhook'],
    ] as const) {
      await own.goto(`${both.url}/?${new URLSearchParams({ q: text }).toString()}`);
      await own.locator('tr.message', { hasText: text }).click();
      await dialog.locator('.full', { hasText: text }).waitFor();
      await dialog.locator('.fields dd', { hasText: provider }).waitFor();
      await dialog.locator('pre.body', { hasText: text }).waitFor();
    }
    await own.goto(both.url);
    await own.locator('.list [role=status]', { hasText: '2 in all' }).first().waitFor();
    const texts = await own.locator('tr.message .text').allInnerTexts();
    expect(texts).toHaveLength(2);
    for (const text of texts) {
      await own.locator('tr.message', { hasText: text }).click();
      await dialog.locator('pre.body', { hasText: text }).waitFor();
      await own.keyboard.press('Escape');
    }
    await own.locator('tr.message').first().click();
    for (const [key, text = ''] of [
      ['j', texts[1]],
      ['k', texts[0]],
    ] as const) {
      await own.keyboard.press(key);
      await dialog.locator('pre.body', { hasText: text }).waitFor();
    }
    await own.context().close();
    await both.stop();
  });
});

describe('a service that is not ready', () => {
  it('names the failing check', async () => {
    const bare = await startService({ WEBHOOK_SECRET: '' });
    const { page: own } = await openTab();
    await own.goto(bare.url);
    await own.locator('.top .dot.bad', { hasText: 'Not ready: no webhook secret is set' }).waitFor();
    await own.getByText('No message has come yet.').waitFor();
    await own.getByText('Nobody has sent anything yet.').waitFor();
    await own.context().close();
    await bare.stop();
  });
});
