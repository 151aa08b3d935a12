import type { SchemaChange } from '../ports/maintenance.ts';

/** Brings the store to the schema of this version, or back. Both directions return the names of the migrations. */
export class MigrateSchema {
  readonly #schema: SchemaChange;

  constructor(schema: SchemaChange) {
    this.#schema = schema;
  }

  /** Applies what is pending. Several processes may do so at once. */
  latest(): Promise<readonly string[]> {
    return this.#schema.migrate();
  }

  /** Reverts what the last `latest` applied, but never deletes messages. */
  rollback(): Promise<readonly string[]> {
    return this.#schema.rollback();
  }
}
