import { UnusableBackup, type BackupContent, type BackupSource, type Files } from '../ports/backup.ts';
import type { Work } from '../ports/maintenance.ts';

export interface BackupResult extends BackupContent {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes a verified backup of the live store. The file gets its name only when it is complete; a failure leaves nothing. */
export class BackupStore {
  readonly #source: BackupSource;
  readonly #files: Files;

  constructor(source: BackupSource, files: Files) {
    this.#source = source;
    this.#files = files;
  }

  /** @param replace whether to replace an existing file */
  async execute(file: string, replace: boolean, work: Work): Promise<BackupResult> {
    const target = this.#files.partial(file, { replace });
    try {
      const content = await this.#source.writeTo(target.path, work);
      const digest = await this.#files.digest(target.path, work);
      work.signal.throwIfAborted();
      target.finish();
      return { ...content, file, ...digest };
    } catch (error) {
      if (error instanceof UnusableBackup) {
        throw new Error(`the copy was not usable: ${error.message}`, { cause: error });
      }
      throw this.#files.explain(error, file);
    } finally {
      target.discard();
    }
  }
}

/** Whether a backup has no known fault. Counters of another version's schema are not checked, and are no fault. */
export function isSound({ wrongCounters }: Pick<BackupContent, 'wrongCounters'>): boolean {
  return wrongCounters === null || wrongCounters.length === 0;
}
