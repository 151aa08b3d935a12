import { backupKindOf } from '../adapters/persistence/maintenance/backup-kind.ts';
import type { BackupSource, Files, RestoreTarget } from '../application/ports/backup.ts';
import { systemClock } from '../adapters/time/clock.ts';
import { programEnvironment } from './config/config.ts';
import type { DatabaseLocation } from './config/database-location.ts';
import { openForMaintenance, requireDatabase } from './database.ts';

/** The database as the source of a backup. Loads only the driver that it needs. */
export function backupSource(database: DatabaseLocation): BackupSource {
  return {
    async writeTo(file, work) {
      requireDatabase(database);
      if (database.engine === 'sqlite') {
        const { backUpSqlite } = await import('../adapters/persistence/sqlite/backup/backup.ts');
        return backUpSqlite(database.file, file, work);
      }
      const { backUpPostgres } = await import('../adapters/persistence/postgres/backup/backup.ts');
      const { db } = await openForMaintenance({ database });
      try {
        return await backUpPostgres({ db, url: database.url, environment: programEnvironment() }, file, work);
      } finally {
        await db.destroy();
      }
    },
  };
}

/** The database as the target of a restore. Loads only the driver that it needs. */
export function restoreTarget(database: DatabaseLocation, files: Files): RestoreTarget {
  return {
    kind: database.engine,
    kindOf: backupKindOf,
    async restore(file, replace, work) {
      if (database.engine === 'sqlite') {
        const { restoreSqlite } = await import('../adapters/persistence/sqlite/backup/restore.ts');
        return restoreSqlite(database.file, file, replace, { ...work, files, clock: systemClock });
      }
      const { restorePostgres } = await import('../adapters/persistence/postgres/backup/restore.ts');
      const { db } = await openForMaintenance({ database });
      try {
        const place = { db, url: database.url, environment: programEnvironment() };
        return { ...(await restorePostgres(place, file, { ...work, replace })), keptAs: null };
      } finally {
        await db.destroy();
      }
    },
  };
}
