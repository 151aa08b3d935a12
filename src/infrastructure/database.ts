import { existsSync } from 'node:fs';
import type {
  ErasingDatabase,
  Maintenance,
  MaintenanceDatabase,
} from '../adapters/persistence/maintenance/open-database.ts';
import { idNames } from '../adapters/providers/registry.ts';
import type { CopySource, CopyTarget } from '../adapters/persistence/transfer/copy-messages.ts';
import type { Config } from './config/config.ts';
import { realPath } from '../adapters/files/real-path.ts';
import type { DatabaseLocation } from './config/database-location.ts';

export type { ErasingDatabase, MaintenanceDatabase };

/** The resolved path of an SQLite file that does not exist, so that opening would create it; null if it exists. */
export function missingFile(location: DatabaseLocation): string | null {
  return location.engine === 'postgres' || existsSync(location.file) ? null : realPath(location.file);
}

/** Throws with the resolved path if the database file does not exist. For commands that must not create one. */
export function requireDatabase(location: DatabaseLocation): void {
  const missing = missingFile(location);
  if (missing !== null) throw new Error(`the database file is not there: ${missing}`);
}

/** Opens the database for migrations and repairs. */
export async function openForMaintenance({ database }: Pick<Config, 'database'>): Promise<MaintenanceDatabase> {
  return (await engineOf(database)).openForMaintenance(placeOf(database));
}

/** Opens a store to copy from; SQLite read-only. */
export async function openCopySource(location: DatabaseLocation): Promise<CopySource> {
  requireDatabase(location);
  return (await engineOf(location)).openCopySource(placeOf(location));
}

/** Creates a store to copy into if it does not exist, migrates it, and opens it. */
export async function openCopyTarget(location: DatabaseLocation): Promise<CopyTarget> {
  return (await engineOf(location)).openCopyTarget(placeOf(location));
}

/**
 * Opens a database to erase from.
 * @param options.overwrite whether SQLite overwrites deleted data, which costs additional writes
 */
export async function openForErasing(
  { database }: Pick<Config, 'database'>,
  options: { readonly overwrite: boolean },
): Promise<ErasingDatabase> {
  requireDatabase(database);
  return (await engineOf(database)).openForErasing(placeOf(database), { ...options, idNames });
}

/** Loads only the driver of this database. */
function engineOf({ engine }: DatabaseLocation): Promise<Maintenance> {
  return engine === 'postgres'
    ? import('../adapters/persistence/postgres/maintenance.ts')
    : import('../adapters/persistence/sqlite/maintenance.ts');
}

function placeOf(location: DatabaseLocation): string {
  return location.engine === 'postgres' ? location.url : location.file;
}
