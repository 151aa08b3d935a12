import type { SchemaCheck, SearchIndex, Work } from '../ports/maintenance.ts';
import { requireOwnSchema } from './require-schema.ts';

/** Rebuilds the search index while the service runs. */
export class ReindexSearch {
  readonly #schema: SchemaCheck;
  readonly #index: SearchIndex;

  constructor(schema: SchemaCheck, index: SearchIndex) {
    this.#schema = schema;
    this.#index = index;
  }

  /** Returns the number of messages. */
  async execute(work: Work): Promise<number> {
    await requireOwnSchema(this.#schema);
    return this.#index.rebuild(work);
  }
}
