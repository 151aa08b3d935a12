/**
 * Whom to connect to, as PostgreSQL's own programs read it from their environment: everybody on a machine can see the
 * arguments of a command, but not this. What the address leaves out stays as the environment has it.
 */
export function libpqEnvironment(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams: query } = new URL(url);
  const sslmode = query.get('sslmode');
  const given = {
    PGHOST: query.get('host') ?? decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1'),
    PGPORT: query.get('port') ?? port,
    PGUSER: query.get('user') ?? decodeURIComponent(username),
    PGPASSWORD: query.get('password') ?? decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: sslmode === 'no-verify' ? 'require' : sslmode, // only the driver knows this one
    PGSSLROOTCERT: query.get('sslrootcert'),
    PGSSLCERT: query.get('sslcert'),
    PGSSLKEY: query.get('sslkey'),
    PGOPTIONS: query.get('options'),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return { ...Object.fromEntries(set), PGAPPNAME: 'webhook-inbox backup', PGCONNECT_TIMEOUT: '10' };
}
