import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Knex } from 'knex';

interface Migration {
  up(db: Knex): Promise<void>;
  down(db: Knex): Promise<void>;
}

export const MIGRATIONS_FOLDER = new URL('./migrations/', import.meta.url);
/** 14 digits, so that names sort by creation time. */
const MIGRATION_FILE = /^(\d{14}_[a-z0-9_]+)\.(?:ts|js)$/;

/**
 * Whether the previous version cannot work with the schema after this migration. The name says so (`…_breaking_drop_folded`),
 * because an older version knows nothing else about it. All other migrations only add (docs/adr/0019).
 */
export function isBreaking(name: string): boolean {
  return /^\d{14}_breaking_/.test(name);
}

/** The names of all migrations of this version, oldest first. */
export async function migrationNames(): Promise<string[]> {
  return (await migrationFiles()).map(({ name }) => name);
}

/**
 * Records migration names without the file extension. Knex's own source includes it, so a database migrated by the sources
 * (`.ts`) would look foreign to the build (`.js`).
 */
export const migrationSource: Knex.MigrationSource<{ name: string; file: string }> = {
  getMigrations: () => migrationFiles(),
  getMigrationName: ({ name }) => name,
  getMigration: async ({ file }) => (await import(new URL(file, MIGRATIONS_FOLDER).href)) as Migration,
};

async function migrationFiles(): Promise<{ name: string; file: string }[]> {
  const files = await readdir(MIGRATIONS_FOLDER);
  return files
    .map((file) => ({ name: MIGRATION_FILE.exec(path.basename(file))?.[1] ?? '', file }))
    .filter(({ name }) => name !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
