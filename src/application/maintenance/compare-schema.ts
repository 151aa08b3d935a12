import type { SchemaCheck, SchemaStatus } from '../ports/maintenance.ts';

/** Compares the schema of the store with that of this version. Only reads. */
export class CompareSchema {
  readonly #schema: SchemaCheck;

  constructor(schema: SchemaCheck) {
    this.#schema = schema;
  }

  /** `current` if both are the same. */
  async execute(): Promise<SchemaStatus & { readonly current: boolean }> {
    const status = await this.#schema.status();
    return { ...status, current: status.pending.length + status.unknown.length === 0 };
  }
}
