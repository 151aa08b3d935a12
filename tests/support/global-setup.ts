import { unpackBrowser } from './browser.ts';
import { build } from './build.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

const shared = globalThis as { postgresServer?: PostgresServer };

/**
 * Builds the service, unpacks the browser and starts one PostgreSQL server, for the whole run. TEST_BUILD=off does without the first
 * two, for tests of the sources alone; TEST_POSTGRES_URL names another server, or `off` if the chosen tests need none.
 */
export default async function setup(): Promise<void> {
  if (process.env['TEST_BUILD'] !== 'off') {
    build();
    process.env['TEST_BUILD'] = 'dist';
    await unpackBrowser();
  }
  if ((process.env['TEST_POSTGRES_URL'] ?? '') !== '') return;
  shared.postgresServer = await startPostgresServer({ durable: false });
  process.env['TEST_POSTGRES_URL'] = shared.postgresServer.url;
}
