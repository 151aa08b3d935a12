import type { Files, PartialFile } from '../../src/application/ports/backup.ts';
import type { SchemaCheck, SchemaStatus, Work } from '../../src/application/ports/maintenance.ts';

/** Fakes of the ports that several use cases of the commands share. */

export const CURRENT: SchemaStatus = { applied: ['1_first'], pending: [], unknown: [] };

/** A schema in this state. Migrations with `breaking` in their names are breaking. */
export function schemaIn(status: Partial<SchemaStatus> = {}): SchemaCheck {
  return {
    status: () => Promise.resolve({ ...CURRENT, ...status }),
    isBreaking: (migration) => migration.includes('breaking'),
  };
}

export interface RecordedWork extends Work {
  readonly shown: [phase: string, done: number, total: number | null][];
  /** Aborts the signal. */
  readonly stop: () => void;
}

export function recordedWork(): RecordedWork {
  const stop = new AbortController();
  const shown: RecordedWork['shown'] = [];
  return {
    shown,
    stop() {
      stop.abort(new Error('stopped'));
    },
    signal: stop.signal,
    onProgress: (phase, done, total) => void shown.push([phase, done, total]),
  };
}

/** Files that record the outcome of each partial file. */
export function recordedFiles(): Files & { readonly calls: string[] } {
  const calls: string[] = [];
  const partial = (file: string): PartialFile => {
    let isOpen = true;
    const ending = (what: string) => () => {
      if (isOpen) calls.push(`${what} ${file}`);
      isOpen = false;
    };
    return {
      path: `${file}.partial`,
      sync: () => undefined,
      finish: ending('finished'),
      keep: ending('kept'),
      discard: ending('discarded'),
    };
  };
  return {
    calls,
    partial(file, { replace = false } = {}) {
      calls.push(`opened ${file}${replace ? ' to replace it' : ''}`);
      return partial(file);
    },
    digest: (file) => Promise.resolve({ bytes: file.length, sha256: 'abc' }),
    realPath: (file) => file,
    syncFolderOf: () => undefined,
    explain: (error) => new Error(`explained: ${(error as Error).message}`),
  };
}
