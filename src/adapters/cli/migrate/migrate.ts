import type { CommandDependencies } from '../dependencies.ts';
import { EXIT_FAULT, jsonLine, say, UsageError } from '../run-command.ts';

export async function latest({ maintenance }: CommandDependencies): Promise<number> {
  const { migrate } = await maintenance();
  const applied = await migrate((schema) => schema.latest());
  say(applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`));
  return 0;
}

export async function rollback({ maintenance }: CommandDependencies): Promise<number> {
  const { rollback: using } = await maintenance();
  const reverted = await using((schema) => schema.rollback());
  say(reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`));
  return 0;
}

export async function status({ maintenance }: CommandDependencies, json: boolean): Promise<number> {
  const { compareSchema } = await maintenance();
  const { applied, pending, unknown, current } = await compareSchema((schema) => schema.execute());
  if (json) {
    say([jsonLine({ applied, pending, unknown })]);
  } else {
    say(applied.filter((name) => !unknown.includes(name)).map((name) => `applied  ${name}`));
    say(pending.map((name) => `pending  ${name}`));
    say(unknown.map((name) => `unknown  ${name} (applied by a newer version)`));
  }
  return current ? 0 : EXIT_FAULT;
}

/** Only in the sources: migrations of a build cannot be edited. */
export async function make({ newMigration }: CommandDependencies, name: string): Promise<number> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError('a migration is named in lower case, digits and underscores: add_received_at');
  }
  if (!import.meta.url.endsWith('.ts')) {
    throw new UsageError('a migration is written in the sources: npm run migrate:make -- NAME');
  }
  say([`made ${await newMigration(name)}`]);
  return 0;
}
