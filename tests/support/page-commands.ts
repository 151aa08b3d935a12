import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, utimesSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The shell commands of a documentation page, and a folder to run them in. */

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const readPage = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

export interface Block {
  /** The headings above it, from the top, without the page's own. */
  readonly under: readonly string[];
  /** Why a test cannot run it: the text after `sh`. */
  readonly why: string;
  readonly script: string;
}

/** Fenced shell blocks (```sh), in their order. */
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

/** A copy of the files that git would clone, so that the first command of a page starts in a fresh folder. */
export function freshCopy(name: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), `${name}-`));
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  for (const file of execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean)) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    cpSync(path.join(ROOT, file), path.join(folder, file), { force: true, errorOnExist: false });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  // Older than the installed packages, otherwise make would install again: through the link, into the packages of this run.
  utimesSync(path.join(folder, 'package-lock.json'), 0, 0);
  return folder;
}
