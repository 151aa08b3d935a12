import { localFiles } from '../adapters/files/files.ts';
import type { CommandDependencies, Maintenance, Using } from '../adapters/cli/dependencies.ts';
import { ConfigError } from '../adapters/cli/settings.ts';
import { reclaimableStorage } from '../adapters/persistence/maintenance/reclaimable-storage.ts';
import { missingSchema, schemaOf } from '../adapters/persistence/maintenance/schema.ts';
import { copySource } from '../adapters/persistence/transfer/copy-source.ts';
import { exportSource } from '../adapters/persistence/transfer/export-source.ts';
import { importTarget } from '../adapters/persistence/transfer/import-target.ts';
import { EraseMessages } from '../application/erasure/erase-messages.ts';
import { BackupStore } from '../application/maintenance/backup-store.ts';
import { CheckStore } from '../application/maintenance/check-store.ts';
import { CompareSchema } from '../application/maintenance/compare-schema.ts';
import { CopyStore } from '../application/maintenance/copy-store.ts';
import { ExportMessages } from '../application/maintenance/export-messages.ts';
import { ImportMessages } from '../application/maintenance/import-messages.ts';
import { MigrateSchema } from '../application/maintenance/migrate-schema.ts';
import { PurgeMessages, type PurgePorts } from '../application/maintenance/purge-messages.ts';
import { RedactPerson } from '../application/maintenance/redact-person.ts';
import { ReindexSearch } from '../application/maintenance/reindex-search.ts';
import { RestoreStore } from '../application/maintenance/restore-store.ts';
import type { SearchIndex } from '../application/ports/maintenance.ts';
import { systemClock } from '../adapters/time/clock.ts';
import type { Config } from './config/config.ts';
import { databaseLocation, sameDatabase, type DatabaseLocation } from './config/database-location.ts';
import { placeFault } from './config/sqlite-path.ts';
import { backupSource, restoreTarget } from './database-backup.ts';
import {
  missingFile,
  openCopySource,
  openCopyTarget,
  openForErasing,
  openForMaintenance,
  requireDatabase,
  type ErasingDatabase,
  type MaintenanceDatabase,
} from './database.ts';
import { databaseInspection, remnantSearch } from './database-inspection.ts';
import { commandTimer } from '../adapters/time/timer.ts';

/** Composes the use cases of the commands for one database, which is open only during the work of a use case. */
export function composeMaintenance({ database }: Pick<Config, 'database'>): Maintenance {
  const files = localFiles(database.engine === 'sqlite' ? database.file : null);
  const maintained = <R>(work: (open: MaintenanceDatabase) => Promise<R>): Promise<R> =>
    closing(openForMaintenance({ database }), work);
  const erasing = <R>(overwrite: boolean, work: (open: ErasingDatabase) => Promise<R>): Promise<R> =>
    closing(openForErasing({ database }, { overwrite }), work);
  return {
    files,
    backup: (work) => work(new BackupStore(backupSource(database), files)),
    restore: (work) => work(new RestoreStore(restoreTarget(database, files))),
    export: (work) => closing(openCopySource(database), (source) => work(new ExportMessages(exportSource(source)))),
    import: (work) => closing(openCopyTarget(database), (target) => work(new ImportMessages(importTarget(target)))),
    purge: (work) => erasing(false, (open) => work(new PurgeMessages(erasurePorts(open)))),
    redact: (work) =>
      erasing(true, (open) =>
        work(new RedactPerson({ ...erasurePorts(open), remnants: remnantSearch(open.db, database) })),
      ),
    reindex: (work) => erasing(false, ({ db, reindex }) => work(new ReindexSearch(schemaOf(db), searchIndex(reindex)))),
    migrate: (work) => maintained(({ db }) => work(new MigrateSchema(schemaOf(db)))),
    async rollback(work) {
      requireDatabase(database);
      return maintained(({ db }) => work(new MigrateSchema(schemaOf(db))));
    },
    async compareSchema(work) {
      if (missingFile(database) !== null) return work(new CompareSchema(missingSchema));
      return maintained(({ db }) => work(new CompareSchema(schemaOf(db))));
    },
    async check(work) {
      const missing = missingFile(database);
      if (missing !== null) return work(new CheckStore({ missing }, systemClock));
      return maintained(async ({ db }) =>
        work(new CheckStore({ schema: schemaOf(db), inspection: await databaseInspection(db, database) }, systemClock)),
      );
    },
  };
}

function erasurePorts({ db, eraser, storage }: ErasingDatabase): PurgePorts {
  return {
    schema: schemaOf(db),
    eraser,
    erase: new EraseMessages(eraser, commandTimer),
    storage: reclaimableStorage(storage),
  };
}

function searchIndex(reindex: ErasingDatabase['reindex']): SearchIndex {
  return {
    rebuild: ({ signal, onProgress }) =>
      reindex({
        signal,
        onProgress(done, total) {
          onProgress('indexing', done, total);
        },
      }),
  };
}

/** Throws ConfigError if one of the URLs is not valid. */
export function composeCopy(urls: Parameters<CommandDependencies['copy']>[0]): Using<CopyStore> | 'same database' {
  const [from, to] = [location('--from', urls.from), location('--to', urls.to)];
  if (sameDatabase(from, to)) return 'same database';
  return (work) =>
    closing(openCopySource(from), (source) => work(new CopyStore(copySource(source, () => openCopyTarget(to)))));
}

/** Accepts what the configuration accepts. */
function location(option: '--from' | '--to', url: string): DatabaseLocation {
  try {
    const place = databaseLocation(url);
    const fault = place.engine === 'sqlite' ? placeFault(place.file) : null;
    if (fault === null) return place;
    throw new Error(fault);
  } catch (error) {
    throw new ConfigError([`${option} ${error instanceof Error ? error.message : 'is not valid'}`]);
  }
}

/** Runs the work on an open database and closes it. */
async function closing<D extends { readonly db: { destroy(): Promise<void> } }, R>(
  opening: Promise<D>,
  work: (database: D) => Promise<R>,
): Promise<R> {
  const database = await opening;
  try {
    return await work(database);
  } finally {
    await database.db.destroy();
  }
}
