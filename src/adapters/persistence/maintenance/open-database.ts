import type { MessageEraser } from '../../../application/ports/store.ts';
import type { IdNames } from '../erasure/names-number.ts';
import type { CopySource, CopyTarget } from '../transfer/copy-messages.ts';
import type { Reindex } from './reindex.ts';
import type { StoreStorage } from './storage.ts';

/** An open database. The caller must destroy its `db`. */
export type MaintenanceDatabase = CopySource;

/** An open database from which messages can be erased. */
export interface ErasingDatabase extends MaintenanceDatabase {
  readonly eraser: MessageEraser;
  readonly storage: StoreStorage;
  readonly reindex: Reindex;
  /** The path of an SQLite database; null for PostgreSQL. */
  readonly file: string | null;
}

export interface ErasingOptions {
  /** Whether SQLite overwrites deleted data, which costs additional writes. */
  readonly overwrite: boolean;
  /** Whether a message id contains a phone number, in the formats of all providers. */
  readonly idNames: IdNames;
}

/** What sqlite/maintenance.ts and postgres/maintenance.ts both export. `place` is a path, or a URL. */
export interface Maintenance {
  /** Opens a database of any schema, for migrations and repairs. */
  openForMaintenance(place: string): MaintenanceDatabase;
  /** Opens a database to copy from; SQLite read-only. */
  openCopySource(place: string): CopySource;
  /** Creates the database if it does not exist, migrates it, and opens it to copy into it. */
  openCopyTarget(place: string): Promise<CopyTarget>;
  /** Opens a database to erase from. */
  openForErasing(place: string, options: ErasingOptions): Promise<ErasingDatabase>;
}
