import type { CommandDependencies } from '../dependencies.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT, UsageError } from '../run-command.ts';

export async function latest({ maintenance }: CommandDependencies): Promise<Outcome> {
  const { migrate } = await maintenance();
  const applied = await migrate((schema) => schema.latest());
  const words = applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`);
  return { result: { applied }, words };
}

export async function rollback({ maintenance }: CommandDependencies): Promise<Outcome> {
  const { rollback: using } = await maintenance();
  const reverted = await using((schema) => schema.rollback());
  const words = reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`);
  return { result: { reverted }, words };
}

export async function status({ maintenance }: CommandDependencies): Promise<Outcome> {
  const { compareSchema } = await maintenance();
  const { applied, pending, unknown, current } = await compareSchema((schema) => schema.execute());
  const message =
    unknown.length > 0
      ? `a newer version migrated the database: ${unknown.join(', ')}`
      : `migrations are pending: ${pending.join(', ')}`;
  return {
    result: { applied, pending, unknown },
    words: [
      ...applied.filter((name) => !unknown.includes(name)).map((name) => `applied  ${name}`),
      ...pending.map((name) => `pending  ${name}`),
      ...unknown.map((name) => `unknown  ${name} (applied by a newer version)`),
    ],
    failure: current ? undefined : { status: EXIT_FAULT, message },
  };
}

/** Only in the sources: migrations of a build cannot be edited. */
export async function make({ newMigration }: CommandDependencies, name: string): Promise<Outcome> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError('a migration is named in lower case, digits and underscores: add_received_at');
  }
  if (!import.meta.url.endsWith('.ts')) {
    throw new UsageError('a migration is written in the sources: npm run migrate:make -- NAME');
  }
  const file = await newMigration(name);
  return { result: { file }, words: [`made ${file}`] };
}
