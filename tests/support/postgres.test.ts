import { expect, it } from '@jest/globals';
import pg from 'pg';
import { newPostgresDatabase } from './postgres.ts';
import { queryPostgres } from './postgres-query.ts';

it('opens an empty database of a PostgreSQL that has pg_trgm', async () => {
  const { url, close } = await newPostgresDatabase();
  try {
    expect(await queryPostgres(url, 'select version()')).toEqual([expect.stringMatching(/^PostgreSQL \d+/)]);
    expect(await queryPostgres(url, `select tablename from pg_tables where schemaname = 'public'`)).toEqual([]);
    await queryPostgres(url, 'create extension pg_trgm');
    expect(await queryPostgres(url, `select show_trgm('a')`)).toEqual([['  a', ' a ']]);
  } finally {
    await close();
  }
});

it('sorts by code point with the collation "C"', async () => {
  const { url, close } = await newPostgresDatabase();
  try {
    // UTF-16 units would put the last before U+E000, and a language's rules "a" before "B".
    const ordered = ['A', 'B', 'a', 'b', 'é', '\uD7FF', '\uE000', '\uFFFF', '\u{10000}', '\u{10FFFF}'];
    const sorted = await queryPostgres(url, 'select t from unnest($1::text[]) t order by t collate "C"', [
      ordered.toReversed(),
    ]);
    expect(sorted).toEqual(ordered);
  } finally {
    await close();
  }
});

it('drops the database, even while a client is connected', async () => {
  const { url, close } = await newPostgresDatabase();
  const other = await newPostgresDatabase();
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await close();
    await expect(queryPostgres(url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    expect(await queryPostgres(other.url, 'select 1')).toEqual([1]);
  } finally {
    await client.end().catch(() => undefined);
    await other.close();
  }
});
