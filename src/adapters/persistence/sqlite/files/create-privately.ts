import { closeSync, constants, existsSync, openSync } from 'node:fs';
import path from 'node:path';
import { makeFolder } from './make-folder.ts';

/** Only the owner may read messages. SQLite gives the log of a database the mode of the database. */
const FILE_MODE = 0o600;

/**
 * Creates an empty file for a database, and the missing part of its folder, so that at no instant anybody but the owner can open
 * them, whatever the umask is. Existing ones stay as they are. Throws the error of the file system if that fails.
 */
export function createPrivately(file: string): void {
  // Never opens an existing file: closing it would release the locks that other connections of this process hold on it.
  if (existsSync(file)) return;
  makeFolder(path.dirname(path.resolve(file)));
  // Without O_EXCL, because another process may create it meanwhile, or the path may be a link to a missing file.
  closeSync(openSync(file, constants.O_RDWR | constants.O_CREAT, FILE_MODE));
}
