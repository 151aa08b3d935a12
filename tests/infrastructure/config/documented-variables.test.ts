import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { describeVariables, readConfig } from '../../../src/infrastructure/config/config.ts';

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const variables = describeVariables();
const names = variables.map(({ name }) => name).sort();

describe('.env.example', () => {
  const example = read('.env.example');

  it('has each variable once, with its default', () => {
    const lines = example.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.map((line) => line.split('=')[0]).sort()).toEqual(names);
    const expected = Object.fromEntries(variables.map(({ name, fallback }) => [name, fallback]));
    expect({ ...parseEnv(example) }).toEqual(expected);
  });

  it('can be used as it is', () => {
    expect(readConfig(parseEnv(example) as NodeJS.ProcessEnv)).toEqual(readConfig({}));
  });
});

describe('README.md', () => {
  const rows = Array.from(
    read('README.md').matchAll(/^\| *`([A-Z][A-Z_]+)` *\|([^|]*)\|([^|]*)\|$/gm),
    ([, name, fallback, help]) => ({
      name,
      fallback: /`([^`]*)`/.exec(fallback ?? '')?.[1] ?? '',
      help: help?.trim() ?? '',
    }),
  );

  it('has each variable once, with its default and a word on it', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(names);
    for (const { name, fallback } of variables) {
      expect(rows.find((row) => row.name === name)).toMatchObject({ fallback, help: expect.stringMatching(/.{5}/) });
    }
  });
});
