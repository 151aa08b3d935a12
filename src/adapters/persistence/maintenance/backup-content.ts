import { UnusableBackup } from '../../../application/ports/backup.ts';
import { isBreaking } from '../schema/migration-source.ts';

/**
 * The schema of a backup, by the names of its migrations. Throws UnusableBackup when a newer version made it and has not only
 * added to it: then this version cannot serve it (docs/adr/0019).
 */
export function refuseNewerSchema(applied: readonly string[], known: readonly string[]): void {
  const unknown = applied.filter((name) => !known.includes(name) && isBreaking(name));
  if (unknown.length === 0) return;
  throw new UnusableBackup(`a newer version made it (${unknown.join(', ')}): restore it with that version`);
}
