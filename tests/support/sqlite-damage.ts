import { closeSync, openSync, writeSync } from 'node:fs';
import SqliteFile from 'better-sqlite3';

const PAGE_BYTES = 4_096;

/** Overwrites the pages that the query names, as a failing disk may do. */
export function overwritePages(file: string, query: string): void {
  const connection = new SqliteFile(file, { readonly: true });
  const pages = connection.prepare<[], { page: number }>(query).all();
  connection.close();
  if (pages.length === 0) throw new Error('no such page');
  const handle = openSync(file, 'r+');
  for (const { page } of pages) {
    writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xff), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
  }
  closeSync(handle);
}
