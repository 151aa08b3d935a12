import type { BackupStore } from '../../application/maintenance/backup-store.ts';
import type { CheckStore } from '../../application/maintenance/check-store.ts';
import type { CopyStore } from '../../application/maintenance/copy-store.ts';
import type { CompareSchema } from '../../application/maintenance/compare-schema.ts';
import type { ExportMessages } from '../../application/maintenance/export-messages.ts';
import type { ImportMessages } from '../../application/maintenance/import-messages.ts';
import type { MigrateSchema } from '../../application/maintenance/migrate-schema.ts';
import type { PurgeMessages } from '../../application/maintenance/purge-messages.ts';
import type { RedactPerson } from '../../application/maintenance/redact-person.ts';
import type { ReindexSearch } from '../../application/maintenance/reindex-search.ts';
import type { RestoreStore } from '../../application/maintenance/restore-store.ts';
import type { Files } from '../../application/ports/backup.ts';
import type { Clock } from '../../application/ports/time.ts';
import type { Settings } from './settings.ts';

/** Opens the dependencies of a use case, runs the work with it, and closes them in the end. */
export type Using<UseCase> = <Result>(work: (useCase: UseCase) => Promise<Result>) => Promise<Result>;

/** The use cases on the database of DATABASE_URL. */
export interface Maintenance {
  readonly backup: Using<BackupStore>;
  readonly restore: Using<RestoreStore>;
  readonly export: Using<ExportMessages>;
  readonly import: Using<ImportMessages>;
  readonly purge: Using<PurgeMessages>;
  readonly redact: Using<RedactPerson>;
  readonly reindex: Using<ReindexSearch>;
  /** Creates a missing database. */
  readonly migrate: Using<Pick<MigrateSchema, 'latest'>>;
  /** Rejects if the database is missing. */
  readonly rollback: Using<Pick<MigrateSchema, 'rollback'>>;
  /** Does not create a missing database. */
  readonly compareSchema: Using<CompareSchema>;
  readonly check: Using<CheckStore>;
  /** Files beside the database, which they never replace. */
  readonly files: Files;
}

/** The functions that the composition root provides to the commands. Each loads its modules when it is called. */
export interface CommandDependencies {
  readonly packageInfo: { readonly version: string; readonly description: string };
  readonly clock: Clock;
  readonly isLoopback: (address: string) => boolean;
  /** Whether stderr is a terminal that can draw a progress bar. */
  readonly drawsBars: boolean;
  /** Every variable with its default and its purpose. */
  readonly variablesHelp: () => string;
  /** From the environment and .env. Throws ConfigError. */
  readonly settings: () => Settings;
  /** Reads the configuration, opens nothing. Throws ConfigError. */
  readonly maintenance: () => Promise<Maintenance>;
  /** Throws ConfigError if one of the URLs is not valid. */
  readonly copy: (urls: { readonly from: string; readonly to: string }) => Promise<Using<CopyStore> | 'same database'>;
  /** Writes an empty migration into the sources and returns its file. */
  readonly newMigration: (name: string) => Promise<string>;
  /** Serves until SIGTERM, SIGINT or SIGHUP. */
  readonly serve: () => Promise<void>;
}
