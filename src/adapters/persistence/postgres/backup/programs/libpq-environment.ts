/** What the driver's parameter `ssl` means in the terms of libpq, which does not know it. */
const SSL_MODES: Readonly<Partial<Record<string, string>>> = {
  true: 'require',
  '1': 'require',
  'no-verify': 'no-verify',
  '0': 'disable',
};

/**
 * The connection parameters in the environment variables of PostgreSQL's client programs. Every user of a machine can see the
 * arguments of a command, but not its environment. Parameters that the URL leaves out are not set.
 */
export function libpqEnvironment(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams: query } = new URL(url);
  const sslmode = query.get('sslmode') ?? SSL_MODES[query.get('ssl') ?? ''] ?? null;
  const given = {
    PGHOST: query.get('host') ?? decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1'),
    PGPORT: query.get('port') ?? port,
    PGUSER: query.get('user') ?? decodeURIComponent(username),
    PGPASSWORD: query.get('password') ?? decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: sslmode === 'no-verify' ? 'require' : sslmode, // libpq does not know no-verify
    PGSSLROOTCERT: query.get('sslrootcert'),
    PGSSLCERT: query.get('sslcert'),
    PGSSLKEY: query.get('sslkey'),
    PGOPTIONS: query.get('options'),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return { ...Object.fromEntries(set), PGAPPNAME: 'webhook-inbox backup', PGCONNECT_TIMEOUT: '10' };
}
