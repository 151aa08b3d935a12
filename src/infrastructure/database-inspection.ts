import type { RemnantSearch, StoreInspection } from '../application/ports/maintenance.ts';
import { realPath } from '../adapters/files/real-path.ts';
import type { DatabaseLocation } from './config/database-location.ts';
import type { MaintenanceDatabase } from './database.ts';

/** How to examine an open database. */
export async function databaseInspection(
  db: MaintenanceDatabase['db'],
  database: DatabaseLocation,
): Promise<StoreInspection> {
  if (database.engine === 'postgres') {
    return (await import('../adapters/persistence/postgres/inspection.ts')).postgresInspection(db);
  }
  return (await import('../adapters/persistence/sqlite/inspection.ts')).sqliteInspection(db, realPath(database.file));
}

/** Searches the file of an SQLite database and its log. */
export function remnantSearch(database: DatabaseLocation): RemnantSearch {
  return {
    async countPlaces(number) {
      if (database.engine === 'postgres') return null;
      const { placesLeft } = await import('../adapters/persistence/sqlite/inspection.ts');
      return placesLeft(database.file, number);
    },
  };
}
