import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { UnusableConnection } from './unusable-connection.ts';

/** How long the second client waits for a session: a pooler that has none left would let it wait. */
const PROBE_MS = 2_000;

const SHARED =
  'other clients use the same session of the server: the connection pooler must be in session mode, with server_reset_query = ' +
  'DISCARD ALL, or DATABASE_URL must lead to the server itself (docs/scaling.md)';

/**
 * Marks the session as this client's. Rejects with UnusableConnection if another client has marked it before, which shows that a
 * pooler hands out sessions by transaction: parameters such as synchronous_commit would change for other clients, prepared
 * statements would be missing, and a lock would belong to nobody.
 */
export async function requireOwnSession(client: pg.Client, settings: pg.ClientConfig): Promise<void> {
  const mark = randomUUID();
  const { earlier, pid } = await markSession(client, mark);
  if (earlier !== '') throw new UnusableConnection(SHARED);
  // A pooler answers the start of a connection with a number of its own.
  if (pid === (client as { readonly processID?: unknown }).processID) return;
  if ((await markOf(client)) !== mark) throw new UnusableConnection(SHARED);
  if ((await markOfOther(settings)) !== '' || (await markOf(client)) !== mark) throw new UnusableConnection(SHARED);
}

async function markSession(
  client: pg.Client,
  mark: string,
): Promise<{ readonly earlier: string; readonly pid: number }> {
  const { rows } = await client.query<{ earlier: string; pid: number }>(
    `with found as materialized (select coalesce(current_setting('webhook_inbox.session', true), '') as earlier)
     select earlier, pg_backend_pid() as pid, set_config('webhook_inbox.session', $1, false) from found`,
    [mark],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the server returned no row');
  return row;
}

async function markOf(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ mark: string | null }>(
    "select current_setting('webhook_inbox.session', true) as mark",
  );
  return rows[0]?.mark ?? '';
}

/** The mark in the session of a second client; empty if it has none, or gets no session in time. */
async function markOfOther(settings: pg.ClientConfig): Promise<string> {
  const other = new pg.Client({ ...settings, connectionTimeoutMillis: PROBE_MS, query_timeout: PROBE_MS });
  other.on('error', () => undefined);
  try {
    await other.connect();
    return (await markSession(other, randomUUID())).earlier;
  } catch {
    return '';
  } finally {
    other.connection.stream.destroy();
  }
}
