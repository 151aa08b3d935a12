import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findingsIn, type Finding } from './language/findings.ts';

const USAGE = `Usage: node scripts/language.ts [--all] [--counts] [FOLDER]

Finds wordings in docs, comments and messages that this project avoids.

  --all     prints every finding, including those that scripts/language-baseline.json still allows
  --counts  prints the number of findings per file as JSON, the form of the baseline
  FOLDER    the project to check (default: the working directory)

Exit status: 0 no file has more findings than the baseline allows, 1 otherwise, or if the baseline allows too many.
`;

const BASELINE = 'scripts/language-baseline.json';

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
    all: { type: 'boolean', default: false },
    counts: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
  allowPositionals: true,
});
if (values.help) process.stdout.write(USAGE);
else process.exitCode = check(positionals[0] ?? '.');

function check(root: string): number {
  const findings = findingsPerFile(root);
  if (values.counts) {
    const counts = Object.fromEntries(Array.from(findings, ([path, { length }]) => [path, length]));
    process.stdout.write(`${JSON.stringify(counts, null, 2)}\n`);
    return 0;
  }
  const allowed = baseline(join(root, BASELINE));
  const lines: string[] = [];
  for (const [path, found] of findings) {
    if (values.all || found.length > (allowed.get(path) ?? 0)) lines.push(...found.map((one) => lineOf(path, one)));
  }
  const grown = Array.from(findings).some(([path, { length }]) => length > (allowed.get(path) ?? 0));
  const shrunk = Array.from(allowed).filter(([path, count]) => count > (findings.get(path)?.length ?? 0));
  for (const [path, count] of shrunk) {
    lines.push(
      `${BASELINE}: allows ${String(count)} findings in ${path}, which has ${String(findings.get(path)?.length ?? 0)}: lower it with "npm run -s language -- --counts > ${BASELINE}"`,
    );
  }
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  return grown || shrunk.length > 0 ? 1 : 0;
}

function findingsPerFile(root: string): Map<string, Finding[]> {
  const paths = globSync(CHECKED, { cwd: root, exclude: ['**/node_modules', 'dist'] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !EXCUSED.some((excused) => excused.path.test(path)))
    .sort();
  const perFile = paths.map((path) => [path, findingsIn(path, readFileSync(join(root, path), 'utf8'))] as const);
  return new Map(perFile.filter(([, found]) => found.length > 0));
}

function baseline(file: string): Map<string, number> {
  if (!existsSync(file)) return new Map();
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>));
}

function lineOf(path: string, { line, words, instead }: Finding): string {
  return `${path}:${String(line)}: "${words}": write ${instead}`;
}
