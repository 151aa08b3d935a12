import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The commands of a page for people, and a place to run them in. */

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const readPage = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

export interface Block {
  /** The headings that it stands under, from the top, without the page's own. */
  readonly under: readonly string[];
  /** Why a test cannot run it: what stands behind `sh`. */
  readonly why: string;
  readonly script: string;
}

/** Fenced shell blocks (```sh), in the order in which they stand. */
export function shellBlocks(page: string): Block[] {
  const under: string[] = [];
  return Array.from(page.matchAll(/^(##+) (.+)$|^```(sh)?(.*)\n([^]*?)^```$/gm)).flatMap(
    ([, level, heading, sh, why = '', script = '']) => {
      if (level !== undefined) {
        under.length = level.length - 2;
        under.push(heading ?? '');
      }
      return sh === undefined ? [] : [{ under: [...under], why: why.trim(), script }];
    },
  );
}

/** A copy of what git would clone, so that the first command of a page meets a fresh folder. */
export function freshCopy(name: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  for (const file of execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean)) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    cpSync(path.join(ROOT, file), path.join(folder, file), { force: true, errorOnExist: false });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  // Older than what is installed, or make would install again: through the link, under the feet of this very run.
  utimesSync(path.join(folder, 'package-lock.json'), 0, 0);
  return folder;
}
