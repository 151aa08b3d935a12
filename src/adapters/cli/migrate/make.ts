import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MIGRATIONS_FOLDER } from '../../persistence/schema/migration-source.ts';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import { systemClock } from '../../../infrastructure/clock.ts';
import { say, UsageError } from '../run-command.ts';

const TEMPLATE = `import type { Knex } from 'knex';

export async function up(db: Knex): Promise<void> {
  await db.raw('');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('');
}
`;

/** Writes an empty migration that comes after all others. */
export function make(name: string): number {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError('a migration is named in lower case, digits and underscores: add_received_at');
  }
  if (!import.meta.url.endsWith('.ts')) {
    throw new UsageError('a migration is written in the sources: npm run migrate:make -- NAME');
  }
  const stamp = formatTimestamp(systemClock.now()).replace(/\D/g, '').slice(0, 14);
  const file = fileURLToPath(new URL(`${stamp}_${name}.ts`, MIGRATIONS_FOLDER));
  writeFileSync(file, TEMPLATE, { flag: 'wx' });
  say([`made ${file}`]);
  return 0;
}
