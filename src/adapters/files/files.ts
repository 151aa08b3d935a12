import type { Files } from '../../application/ports/backup.ts';
import { sha256Of } from './digest.ts';
import { explainingSpace } from './full-disk.ts';
import { partialFile, syncFolderOf } from './partial-file.ts';
import { realPath } from './real-path.ts';

/** @param database the SQLite database that no file may replace, nor its log; null if there is none */
export function localFiles(database: string | null): Files {
  return {
    partial: (file, options) => partialFile(file, { ...options, database }),
    digest: sha256Of,
    realPath,
    syncFolderOf,
    explain: explainingSpace,
  };
}
