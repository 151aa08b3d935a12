import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

const shared = globalThis as { postgresServer?: PostgresServer };

/** One server for a whole run of the tests, unless TEST_POSTGRES_URL names another; `off`: none is needed. */
export default async function setup(): Promise<void> {
  if ((process.env['TEST_POSTGRES_URL'] ?? '') !== '') return;
  shared.postgresServer = await startPostgresServer({ durable: false });
  process.env['TEST_POSTGRES_URL'] = shared.postgresServer.url;
}
