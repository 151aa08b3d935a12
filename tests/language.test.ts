import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { findingsIn } from '../scripts/language/findings.ts';

const SCRIPT = join(import.meta.dirname, '../scripts/language.ts');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'language-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function check(): { readonly status: number | null; readonly lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' });
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

it('reports a planted wording with its file, its line and a better one', () => {
  write('src/domain/message.ts', '/** A message. */\nexport const a = 1; // retried, or sent anew\n');
  write('docs/operations.md', '# Operations\n\nThe store is away.\n');
  expect(check()).toEqual({
    status: 1,
    lines: [
      'docs/operations.md:3: "is away": write is disabled, is unavailable',
      'src/domain/message.ts:2: "anew": write again, or the verb: retry, rebuild, restart, rewrite',
    ],
  });
});

it('accepts a project without such wordings', () => {
  write('src/domain/message.ts', '/** A message; null if there is none. */\nexport const told = 1;\n');
  expect(check()).toEqual({ status: 0, lines: [] });
});

it.each([
  ['a comment across two lines', 'a.ts', '/**\n * It may go\n * on.\n */\nexport {};', 'go on', 2],
  ['a string', 'a.ts', "throw new Error('mend the file');", 'mend', 1],
  ['a template', 'a.ts', 'say(`${name} is off, ${name} too`);', 'is off', 1],
  ['a comment of JavaScript', 'a.js', 'f(); // whoever calls', 'whoever', 1],
  ['a comment of CSS', 'a.css', 'a {\n  color: red; /* believed */\n}', 'believed', 2],
  ['a description', 'a.yaml', 'description: Gives the message back\n', 'Gives the message back', 1],
])('finds %s', (_what, path, content, words, line) => {
  expect(findingsIn(path, content)).toMatchObject([{ words, line }]);
});

it.each([
  ['identifiers', 'a.ts', 'export const anew = told(mend);'],
  ['paths of imports', 'a.ts', "import { a } from './anew.ts';"],
  ['code in Markdown', 'a.md', 'Call `anew`:\n\n```ts\n// told\n```\n'],
])('ignores %s', (_what, path, content) => {
  expect(findingsIn(path, content)).toEqual([]);
});
