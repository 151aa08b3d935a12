import { realPath } from '../../adapters/files/real-path.ts';
import { postgresUrl } from './postgres-url.ts';
import { sqlitePath } from './sqlite-path.ts';

/** The location of the database. */
export type DatabaseLocation =
  { readonly engine: 'sqlite'; readonly file: string } | { readonly engine: 'postgres'; readonly url: string };

/**
 * Parses DATABASE_URL. SQLite has SQLAlchemy's form, which existing deployments use: three slashes and a relative path, or four
 * slashes and an absolute path. PostgreSQL has libpq's form, optionally with SQLAlchemy's driver name. Throws an Error that says what the value must be.
 */
export function databaseLocation(value: string): DatabaseLocation {
  if (/^postgres(ql)?(\+\w+)?:\/\//.test(value)) return { engine: 'postgres', url: postgresUrl(value) };
  const file = /^sqlite:\/\/\/(.+)$/s.exec(value)?.[1];
  if (file === undefined) {
    throw new Error(
      'must be sqlite:/// and the path of a file, such as sqlite:///./data/app.db, or postgres://user:password@host/name',
    );
  }
  return { engine: 'sqlite', file: sqlitePath(file) };
}

/** Whether both are the same database, even if different paths lead to its file. */
export function sameDatabase(a: DatabaseLocation, b: DatabaseLocation): boolean {
  if (a.engine === 'postgres') return b.engine === 'postgres' && a.url === b.url;
  return b.engine === 'sqlite' && realPath(a.file) === realPath(b.file);
}
