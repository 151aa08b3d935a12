import { statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeFolder } from '../../../../src/adapters/persistence/sqlite/files/make-folder.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

describe('makeFolder', () => {
  it('makes a folder with those above it, again and again', () => {
    for (let i = 0; i < 2; i++) makeFolder(folder.file('a/b/c'));
    expect(statSync(folder.file('a/b/c')).isDirectory()).toBe(true);
  });

  it('names the folder that cannot be made', () => {
    writeFileSync(folder.file('file'), '');
    expect(() => {
      makeFolder(folder.file('file/x/y'));
    }).toThrow(/ENOTDIR/);
  });

  it('fails where a file system makes no folders', () => {
    expect(() => {
      makeFolder('/proc/no-such-folder/x');
    }).toThrow(/^the folder \/proc\S* cannot be created: E[A-Z]+$/);
  });
});
