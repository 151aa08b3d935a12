import { rmSync } from 'node:fs';
import type { PostgresServer } from './postgres-server.ts';

export default async function teardown(): Promise<void> {
  await (globalThis as { postgresServer?: PostgresServer }).postgresServer?.remove();
  const templates = process.env['TEST_POSTGRES_TEMPLATES'];
  if (templates !== undefined) rmSync(templates, { recursive: true, force: true });
}
