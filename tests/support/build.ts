import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUILT = path.join(ROOT, 'dist/.built');
/** What the Makefile builds from. */
const INPUTS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src'];

/** Builds the service if a source is newer than the last build, by the same rule as `make run`. */
export function build(): void {
  const built = existsSync(BUILT) ? statSync(BUILT).mtimeMs : 0;
  if (INPUTS.every((name) => newest(path.join(ROOT, name)) <= built)) return;
  execFileSync('npm', ['run', '-s', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  writeFileSync(BUILT, '');
}

/** When a file, or anything below a folder, changed last; folders count, because they change when a file in them goes. */
function newest(file: string): number {
  const { mtimeMs } = statSync(file);
  if (!statSync(file).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}
