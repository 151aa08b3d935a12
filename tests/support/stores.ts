import {
  copyMessages,
  type CopyOptions,
  type CopySource,
} from '../../src/adapters/persistence/transfer/copy-messages.ts';
import { postgresMessageRepository } from '../../src/adapters/persistence/postgres/repository.ts';
import { sqliteDialect } from '../../src/adapters/persistence/sqlite/dialect.ts';
import { sqliteMessageRepository } from '../../src/adapters/persistence/sqlite/repository.ts';
import type { CopyResult } from '../../src/application/ports/transfer.ts';
import type { Message } from '../../src/domain/message.ts';
import type { NewMessage } from '../../src/domain/update.ts';
import { openCopySource, openCopyTarget } from '../../src/infrastructure/database.ts';
import { databaseLocation } from '../../src/infrastructure/config/database-location.ts';
import { everyMessage } from '../adapters/persistence/contract/repository-fixtures.ts';
import { migratedPostgresDatabase, newPostgresDatabase } from './postgres.ts';
import { temporaryFolder } from './sqlite.ts';

export type Engine = 'sqlite' | 'postgres';
export interface Place {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function place(engine: Engine, migrated = true): Promise<Place> {
  if (engine === 'postgres') return migrated ? migratedPostgresDatabase() : newPostgresDatabase();
  const folder = await temporaryFolder();
  return { url: `sqlite:///${folder.file('app.db')}`, close: () => folder.remove() };
}

/** Runs the test with two places, and removes them even if it fails. */
export async function between(
  from: Engine,
  to: Engine,
  test: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const places = [await place(from), await place(to, false)] as const;
  try {
    await test(places[0].url, places[1].url);
  } finally {
    for (const { close } of places) await close();
  }
}

export async function on<T>(
  url: string,
  work: (target: Awaited<ReturnType<typeof openCopyTarget>>) => Promise<T>,
): Promise<T> {
  const target = await openCopyTarget(databaseLocation(url));
  try {
    return await work(target);
  } finally {
    await target.db.destroy();
  }
}

export const store = (url: string, stored: readonly NewMessage[]) => on(url, ({ add }) => add(stored));

export const repositoryOf = ({ db, dialect }: CopySource) =>
  dialect === sqliteDialect ? sqliteMessageRepository(db) : postgresMessageRepository(db, db);

export const held = (url: string): Promise<Message[]> => on(url, (target) => everyMessage(repositoryOf(target)));

export async function copied(from: string, to: string, options?: CopyOptions): Promise<CopyResult> {
  const source = await openCopySource(databaseLocation(from));
  try {
    return await on(to, (target) => copyMessages(source, target, options));
  } finally {
    await source.db.destroy();
  }
}
