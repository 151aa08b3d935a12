import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Only the owner may read messages. */
const FOLDER_MODE = 0o700;

/**
 * Creates a folder and those above it, as far as they are missing, for the owner only. `mkdirSync` with `recursive` never returns in file
 * systems that answer ENOENT where nothing can be created, such as /proc: it then creates the parent again, which is there.
 * Throws an Error that names the folder.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let place = path.resolve(folder); !isThere(place); place = path.dirname(place)) missing.unshift(place);
  for (const place of missing) {
    try {
      mkdirSync(place, { mode: FOLDER_MODE });
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue; // another process made it, or opening the file fails with the reason
      throw new Error(`the folder ${place} cannot be created: ${code}`, { cause: error });
    }
  }
}

/** Whether a folder or anything else has this name; the top folder always has. */
function isThere(place: string): boolean {
  return path.dirname(place) === place || statSync(place, { throwIfNoEntry: false }) !== undefined;
}
