import { existsSync } from 'node:fs';
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

/** Searches the file of an open SQLite database and its log. */
export function remnantSearch(db: MaintenanceDatabase['db'], database: DatabaseLocation): RemnantSearch {
  return {
    async placesOf(number) {
      if (database.engine === 'postgres') return null;
      const { placesInFile } = await import('../adapters/persistence/erasure/places-in-file.ts');
      const { placesInRows } = await import('../adapters/persistence/sqlite/inspection.ts');
      let inFiles = 0;
      for (const file of [database.file, `${database.file}-wal`]) {
        if (existsSync(file)) inFiles += await placesInFile(file, number);
      }
      const kept = inFiles === 0 ? 0 : await placesInRows(db, number);
      return { left: Math.max(0, inFiles - kept), kept };
    },
  };
}
