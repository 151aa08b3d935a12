import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unpackBrowser } from './browser.ts';
import { build } from './build.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

const shared = globalThis as { postgresServer?: PostgresServer };

/**
 * Builds the service, unpacks the browser and starts one PostgreSQL server, for the whole run. TEST_BUILD=off does without the first
 * two, for tests of the sources alone; TEST_POSTGRES_URL names another server, or `off` if the chosen tests need none. Makes the folder in
 * which tests keep the data of new servers.
 */
export default async function setup(): Promise<void> {
  if (process.env['TEST_BUILD'] !== 'off') {
    build();
    process.env['TEST_BUILD'] = 'dist';
    await unpackBrowser();
  }
  const templates = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-templates-'));
  chmodSync(templates, 0o755);
  process.env['TEST_POSTGRES_TEMPLATES'] = templates;
  if ((process.env['TEST_POSTGRES_URL'] ?? '') !== '') return;
  shared.postgresServer = await startPostgresServer({ durable: false });
  process.env['TEST_POSTGRES_URL'] = shared.postgresServer.url;
}
