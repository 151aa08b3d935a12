import { UnusableBackup } from '../../../application/ports/backup.ts';
import { isBreaking } from '../schema/migration-source.ts';

/**
 * Throws UnusableBackup if a newer version applied a breaking migration to the backup, so that this version cannot serve it
 * (docs/adr/0019).
 */
export function refuseNewerSchema(applied: readonly string[], known: readonly string[]): void {
  const unknown = applied.filter((name) => !known.includes(name) && isBreaking(name));
  if (unknown.length === 0) return;
  throw new UnusableBackup(`a newer version made it (${unknown.join(', ')}): restore it with that version`);
}
