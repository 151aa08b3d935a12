import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const MOST_FILES = 14;
/** Modules and styles of one page, which the browser loads by name. */
const ONE_PAGE = 'src/adapters/http/browser/dashboard';

/** All folders below `src`, with the number of files in each. */
function folders(folder = 'src'): Map<string, number> {
  const entries = readdirSync(path.join(ROOT, folder), { withFileTypes: true });
  const own = entries.filter((entry) => entry.isFile()).length;
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => folders(`${folder}/${name}`));
  return new Map([[folder, own], ...below.flatMap((some) => [...some])]);
}

/** The folders that a tree of a page names: two spaces deeper is one folder deeper, and a line ends in what the folder is for. */
export function foldersInTree(tree: string): string[] {
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, names] = /^( *)((?:[\w.-]+\/,? ?)+) +\S/.exec(line) ?? [];
    if (indent === undefined || names === undefined) return [];
    path.length = indent.length / 2;
    return names.split(/,\s*/).map((name) => {
      path[indent.length / 2] = name.trim().replace(/\/$/, '');
      return path.join('/');
    });
  });
}

describe('the folders of src', () => {
  it(`hold up to ${String(MOST_FILES)} files each`, () => {
    const full = [...folders()].filter(([name, files]) => name !== ONE_PAGE && files > MOST_FILES);
    expect(full).toEqual([]);
  });

  it('are those of the tree in CONTRIBUTING.md', () => {
    const [, tree = ''] = /^```\n(src\/[^]*?)^```$/m.exec(PAGE) ?? [];
    expect(foldersInTree(tree).toSorted()).toEqual([...folders().keys()].toSorted());
  });

  it('are read from a tree as a person reads it', () => {
    const tree = 'src/        all\n  a/        one\n    b/, c/  two\n  d/        three\n';
    expect(foldersInTree(tree)).toEqual(['src', 'src/a', 'src/a/b', 'src/a/c', 'src/d']);
  });
});

describe('the files that a webhook passes', () => {
  it('are in src, and in CONTRIBUTING.md without a gap in their numbers', () => {
    const [, list = ''] = /^## One POST \/webhook, file by file\n([^]*?)^## /m.exec(PAGE) ?? [];
    const numbers = Array.from(list.matchAll(/^(\d+)\. /gm), ([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(numbers.length).toBeGreaterThan(15);
    const files = Array.from(list.matchAll(/`([a-z-]+\/[a-z/-]+\.ts)`/g), ([, file = '']) => file);
    expect(files.length).toBeGreaterThanOrEqual(numbers.length);
    expect(files.filter((file) => !existsSync(path.join(ROOT, 'src', file)))).toEqual([]);
  });
});
