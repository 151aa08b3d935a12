import { readdirSync } from 'node:fs';
import { localFiles } from '../../../../src/adapters/files/files.ts';
import type { Work } from '../../../../src/application/ports/maintenance.ts';
import { systemClock } from '../../../../src/adapters/time/clock.ts';
import type { NewMessage } from '../../../../src/domain/update.ts';
import { manyMessages } from '../../persistence/contract/repository-fixtures.ts';
import { on } from '../../../support/stores.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';

const MIB = 1024 * 1024;

export const url = (file: string): string => `sqlite:///${file}`;

/** Messages with bodies of a mebibyte each: a database that takes many steps to copy. */
export function heavyMessages(count: number): NewMessage[] {
  return manyMessages(count).map((message, i) => ({
    ...message,
    payload: { mediaType: 'application/json', body: Buffer.alloc(MIB, i) },
  }));
}

export async function inFolder(test: (folder: TemporaryFolder) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder();
  try {
    await test(folder);
  } finally {
    await folder.remove();
  }
}

/** A database with these messages, closed; returns its file. */
export async function databaseOf(
  folder: TemporaryFolder,
  name: string,
  messages: readonly NewMessage[],
): Promise<string> {
  const file = folder.file(name);
  await on(url(file), ({ add }) => add(messages));
  return file;
}

/** All files except the log of the source, which a reader of a database creates if it is missing. */
export const filesOf = (folder: TemporaryFolder): string[] =>
  readdirSync(folder.path)
    .filter((name) => !/^source\.db-(wal|shm)$/.test(name))
    .sort();

/** Work without a stop signal, with the functions that a restore needs. */
export function work(options: Partial<Work> = {}) {
  return {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    files: localFiles(null),
    clock: systemClock,
    ...options,
  };
}
