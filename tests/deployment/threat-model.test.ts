import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeVariables } from '../../src/infrastructure/config/config.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const PAGE = read('docs/threat-model.md');
const PAGES = ['docs/threat-model.md', 'SECURITY.md'];

/** The rows of the table of threats: threat, control, tests, remaining risk. */
const rowsOf = (page: string): string[][] =>
  (/^## Threats\n([^]*?)^## /m.exec(page)?.[1] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const missing = (page: string): string[] =>
  Array.from(
    page.matchAll(/`((?:tests|src|scripts|docs|deploy)\/[\w./-]+|\.ci\/run)`/g),
    ([, name = '']) => name,
  ).filter((name) => !existsSync(path.join(ROOT, name)));

describe('docs/threat-model.md', () => {
  it.each(PAGES)('%s names only files that exist', (name) => {
    expect(missing(read(name))).toEqual([]);
    expect(missing(`${read(name)} \`tests/e2e/no-such.test.ts\``)).toEqual(['tests/e2e/no-such.test.ts']);
  });

  it.each(PAGES)('%s links only to files that exist', (name) => {
    const links = Array.from(read(name).matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link = '']) => link);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links)
      expect([link, existsSync(path.resolve(ROOT, path.dirname(name), link))]).toEqual([link, true]);
  });

  it('has a control, a test and the remaining risk for each threat', () => {
    const rows = rowsOf(PAGE);
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
      expect(row).toHaveLength(4);
      for (const cell of row) expect([row[0], cell]).not.toEqual([row[0], '']);
      expect([row[0], row[2]]).toEqual([row[0], expect.stringMatching(/`tests\/[\w./-]+\.ts`/)]);
    }
  });

  it('names only existing variables', () => {
    const known = [...describeVariables().map(({ name }) => name)];
    const named = Array.from(PAGE.matchAll(/`([A-Z]{2,}(?:_[A-Z]+)*)`/g), ([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('draws the boundaries', () => {
    expect(PAGE).toMatch(/```mermaid\nflowchart LR\n[^]*subgraph outside\[untrusted network\]/);
  });

  it('pins the images that are used', () => {
    const used = [...read('docker-compose.yml').matchAll(/^ +image: (\S+)/gm)].map(([, image = '']) => image);
    expect(used).toHaveLength(4);
    const [, node = ''] = /^ARG NODE_VERSION=(\S+)/m.exec(read('Dockerfile')) ?? [];
    for (const image of [...used, `node:${node}-bookworm-slim`]) expect(PAGE).toContain(`inspect ${image} `);
  });
});
