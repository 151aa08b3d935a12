import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findingsIn, type Finding } from './language/findings.ts';

const USAGE = `Usage: node scripts/language.ts [FOLDER]

Finds wordings in docs, comments and messages that this project avoids, and prints what to write instead.

  FOLDER  the project to check (default: the working directory)

Exit status: 0 without findings, 1 with findings.
`;

const CHECKED = [
  '*.md',
  '.ci/run',
  '.env.example',
  'Dockerfile',
  'Makefile',
  'api/openapi.yaml',
  'docker-compose.yml',
  'docs/**/*.md',
  '{deploy,.github}/**/*.{yml,yaml,md,cfg,env,service,socket}',
  'deploy/systemd/*',
  '{src,tests,scripts,bench}/**/*.{ts,js,cjs,css}',
  'clients/typescript/{src/**/*.ts,*.md}',
];

/** Files and folders that are not checked, each with the reason. */
const EXCUSED: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /(^|\/)generated\//, reason: 'written by a program' },
  { path: /^tests\/sdk\/clients\//, reason: 'written by programs' },
  { path: /^scripts\/language\/words\.ts$/, reason: 'lists the wordings' },
  { path: /^tests\/language\.test\.ts$/, reason: 'plants the wordings' },
];

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
});
if (values.help) process.stdout.write(USAGE);
else process.exitCode = check(positionals[0] ?? '.');

function check(root: string): number {
  const lines = checkedPaths(root).flatMap((path) =>
    findingsIn(path, readFileSync(join(root, path), 'utf8')).map((finding) => lineOf(path, finding)),
  );
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  return lines.length === 0 ? 0 : 1;
}

function checkedPaths(root: string): string[] {
  return globSync(CHECKED, { cwd: root, exclude: ['**/node_modules', 'dist'] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !EXCUSED.some((excused) => excused.path.test(path)))
    .sort();
}

function lineOf(path: string, { line, words, instead }: Finding): string {
  return `${path}:${String(line)}: "${words}": write ${instead}`;
}
