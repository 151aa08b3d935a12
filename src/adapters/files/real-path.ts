import { realpathSync } from 'node:fs';
import path from 'node:path';

/** The path behind all links, also if nothing is there. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
}
