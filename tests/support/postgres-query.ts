import pg from 'pg';

/** Runs one query on a connection of its own. Returns the values of all rows in one list. */
export async function queryPostgres(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined); // the server ends the connection of a dropped database
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}
