import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import packaged from '@sparticuz/chromium';
import { chromium, type Browser } from 'playwright-core';

/** An isolated browser: without a sandbox, which root cannot have, and without calls to its vendor. */
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

/** Starts the Chromium that npm has brought, or the one that CHROMIUM names. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? (await packaged.executablePath());
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * Unpacks the packaged Chromium into the temporary folder, once for all workers. An unpacking that was interrupted leaves a
 * file that does not start: it is replaced.
 */
export async function unpackBrowser(): Promise<void> {
  if (process.env['CHROMIUM'] !== undefined) return;
  const file = await packaged.executablePath();
  if (spawnSync(file, ['--version']).status === 0) return;
  rmSync(file, { force: true });
  await packaged.executablePath();
}
