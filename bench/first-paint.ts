import { launchBrowser } from '../tests/support/browser.ts';
import { until } from '../tests/support/dashboard.ts';
import { sqliteDatabases } from './databases.ts';
import { fill } from './reads.ts';
import { startService } from './subjects.ts';

/**
 * Measures how long the dashboard takes to appear with many stored messages, in Chromium with an empty cache: `node
 * bench/first-paint.ts [rows]`, 1,000,000 by default, of the build.
 */

const ROWS = Number(process.argv[2] ?? 1_000_000);
const VISITS = 9;
/** The last message of the samples is old: the chart shows the days up to it. */
const PAINTED = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`;
const FILLED = `document.querySelectorAll('tr.message').length > 10 && document.querySelectorAll('.bar').length > 0`;

const database = await sqliteDatabases.create();
const browser = await launchBrowser();
try {
  await fill(database.url, 0, ROWS, (done) => {
    if (done % 100_000 === 0) process.stderr.write(`filled ${String(done)} of ${String(ROWS)}\n`);
  });
  const service = await startService(database.url);
  const visits: { painted: number; filled: number; bytes: number; requests: number }[] = [];
  for (let visit = 0; visit <= VISITS; visit += 1) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${String(service.port)}/`, { waitUntil: 'commit' });
    await until(page, FILLED);
    const filled = await page.evaluate<number>('performance.now()');
    const painted = await page.evaluate<number>(PAINTED);
    const loaded = await page.evaluate<number[]>(
      `performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')).map((one) => one.encodedBodySize)`,
    );
    visits.push({ painted, filled, bytes: loaded.reduce((sum, size) => sum + size, 0), requests: loaded.length });
    await context.close();
  }
  await service.stop();
  const counted = visits.slice(1); // the first brings the pages of the file into memory
  for (const name of ['painted', 'filled', 'bytes', 'requests'] as const) {
    const values = counted.map((visit) => visit[name]).sort((a, b) => a - b);
    const [least, median, most] = [0, Math.floor(values.length / 2), values.length - 1].map((i) =>
      Math.round(values[i] ?? 0),
    );
    process.stdout.write(`${name.padEnd(8)} ${String(median)} (${String(least)}-${String(most)})\n`);
  }
} finally {
  await browser.close();
  await database.remove();
}
