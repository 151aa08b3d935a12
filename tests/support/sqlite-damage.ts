import { closeSync, openSync, writeSync } from 'node:fs';
import SqliteFile from 'better-sqlite3';

const PAGE_BYTES = 4_096;

/** Overwrites the page that the query names, as a failing disk may do. */
export function overwritePage(file: string, query: string): void {
  const connection = new SqliteFile(file, { readonly: true });
  const { page } = connection.prepare<[], { page: number }>(query).get() ?? { page: 0 };
  connection.close();
  if (page === 0) throw new Error('no such page');
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xff), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
  closeSync(handle);
}
