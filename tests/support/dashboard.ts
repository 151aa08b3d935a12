import type { Page } from 'playwright-core';

/** The content of the table as a person reads it: from its top to its end, by scrolling. */
export interface TableWalk {
  /** Ids by row, in the order of the rows. */
  readonly ids: readonly string[];
  /** The maximum number of rows in the document at a time. */
  readonly mostInDocument: number;
}

const ROWS = `Array.from(document.querySelectorAll('tr.message'), (row) => [
  Number(row.getAttribute('aria-rowindex')),
  new URL(row.querySelector('a').href).searchParams.get('message'),
])`;
const DRAWN = 'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))';

/** Throws if a row shows two different messages on the way, or if one is missing. */
export async function walkTable(page: Page): Promise<TableWalk> {
  const seen = new Map<number, string>();
  let mostInDocument = 0;
  await page.evaluate('scrollTo(0, 0)');
  await page.locator('tr.message').first().waitFor();
  for (;;) {
    await page.evaluate(DRAWN);
    const rows = await page.evaluate<[number, string][]>(ROWS);
    mostInDocument = Math.max(mostInDocument, rows.length);
    for (const [row, id] of rows) {
      if ((seen.get(row) ?? id) !== id) throw new Error(`row ${String(row)} is ${id} and was ${String(seen.get(row))}`);
      seen.set(row, id);
    }
    // Before scrolling, because later rows may make room below.
    const isWhole = await page.locator('.list .end', { hasNotText: 'Loading' }).isVisible();
    const before = await page.evaluate<number>('scrollY');
    await page.evaluate('scrollBy(0, innerHeight / 2)');
    if (isWhole && (await page.evaluate<number>('scrollY')) === before) break;
  }
  const rows = [...seen].sort(([a], [b]) => a - b);
  if (rows.some(([row], i) => row !== i + 2)) throw new Error('rows were left out on the way');
  return { ids: rows.map(([, id]) => id), mostInDocument };
}

const PATIENCE_MS = 20_000;

/**
 * Resolves when the expression is true in the page, evaluated with each frame. Playwright's own way needs `eval` in the page, which the
 * policy forbids.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await page.evaluate<boolean>(expression))) {
    if (performance.now() > end) throw new Error(`it did not come to this: ${expression}`);
    await page.evaluate(DRAWN);
  }
}

/** A table of two columns, such as the one of top senders. */
export async function shares(page: Page, label: string): Promise<Record<string, string>> {
  const rows = page.locator(`table[aria-label="${label}"] tbody tr`);
  await rows.first().waitFor();
  const cells = await Promise.all(
    (await rows.all()).map(async (row) => [await row.locator('th').innerText(), await row.locator('td').innerText()]),
  );
  return Object.fromEntries(cells) as Record<string, string>;
}
