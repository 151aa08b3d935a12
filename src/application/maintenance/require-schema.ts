import type { SchemaCheck } from '../ports/maintenance.ts';

/** Rejects, saying what to do, unless a database to change has exactly this version's schema. Only reads. */
export async function requireOwnSchema(schema: SchemaCheck): Promise<void> {
  const { pending, unknown } = await schema.status();
  if (pending.length > 0) {
    throw new Error(`the database lacks migrations (${pending.join(', ')}): run "webhook-inbox migrate latest"`);
  }
  if (unknown.length > 0) {
    throw new Error(`a newer version migrated the database (${unknown.join(', ')}): erase with that version`);
  }
}

/** Rejects, saying what to do, unless a store to read has exactly this version's schema. Only reads. */
export async function requireSourceSchema(schema: SchemaCheck): Promise<void> {
  const { pending, unknown } = await schema.status();
  if (unknown.length > 0) {
    throw new Error(`a newer version migrated the source (${unknown.join(', ')}): use that version`);
  }
  if (pending.length > 0) {
    throw new Error(`the source lacks migrations (${pending.join(', ')}): migrate it first, npm run migrate`);
  }
}
