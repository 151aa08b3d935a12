import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatTimestamp, type Timestamp } from '../../../domain/timestamp.ts';
import { MIGRATIONS_FOLDER } from './migration-source.ts';

const TEMPLATE = `import type { Knex } from 'knex';

export async function up(db: Knex): Promise<void> {
  await db.raw('');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('');
}
`;

/** Writes an empty migration that comes after all others, and returns its file. */
export function newMigration(name: string, now: Timestamp): string {
  const stamp = formatTimestamp(now).replace(/\D/g, '').slice(0, 14);
  const file = fileURLToPath(new URL(`${stamp}_${name}.ts`, MIGRATIONS_FOLDER));
  writeFileSync(file, TEMPLATE, { flag: 'wx' });
  return file;
}
