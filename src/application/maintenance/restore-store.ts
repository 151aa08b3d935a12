import { UnusableBackup, type RestoredContent, type RestoreTarget } from '../ports/backup.ts';
import type { Work } from '../ports/maintenance.ts';

/** Puts a backup in the place of the store. The store stays unchanged until the backup proves usable. */
export class RestoreStore {
  readonly #target: RestoreTarget;

  constructor(target: RestoreTarget) {
    this.#target = target;
  }

  /** @param replace whether to replace a store that holds messages */
  async execute(file: string, replace: boolean, work: Work): Promise<RestoredContent> {
    try {
      this.#requireKind(file);
      return await this.#target.restore(file, replace, work);
    } catch (error) {
      if (!(error instanceof UnusableBackup)) throw error;
      throw new Error(`${file} is not restored: ${error.message}`, { cause: error });
    }
  }

  #requireKind(file: string): void {
    const kind = this.#target.kindOf(file);
    if (kind === null) throw new UnusableBackup('it is not a backup; what "export" wrote goes to "import"');
    if (kind === this.#target.kind) return;
    const engine = kind === 'sqlite' ? 'SQLite' : 'PostgreSQL';
    throw new UnusableBackup(
      `it is a backup of ${engine}, which DATABASE_URL is not; restore it into one, then use "copy"`,
    );
  }
}
