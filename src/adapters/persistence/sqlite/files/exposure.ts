import { statSync, type Stats } from 'node:fs';
import path from 'node:path';

/** Who else may read or write a database: everybody on the machine, or the group of its files; null if only the owner and root. */
export type Exposure = 'everybody' | 'group' | null;

/** Looks at the modes of the file, of its log, and of the folders that lead to it. */
export function exposureOf(file: string): Exposure {
  const stats = [file, `${file}-wal`]
    .map((name) => statSync(name, { throwIfNoEntry: false }))
    .filter((found) => found !== undefined);
  if (stats.some(({ mode }) => (mode & 0o006) !== 0) && isReachable(file)) return 'everybody';
  const folder = statSync(path.dirname(path.resolve(file)));
  return stats.some((found) => (found.mode & 0o060) !== 0 && groupEnters(folder, found)) ? 'group' : null;
}

/** Whether everybody may enter all folders above the file. */
function isReachable(file: string): boolean {
  for (let folder = path.dirname(path.resolve(file)); ; folder = path.dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

function groupEnters(folder: Stats, file: Stats): boolean {
  return (folder.mode & (folder.gid === file.gid ? 0o010 : 0o001)) !== 0;
}
