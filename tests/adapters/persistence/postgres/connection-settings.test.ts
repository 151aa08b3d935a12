import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { libpqEnvironment } from '../../../../src/adapters/persistence/postgres/backup/programs/libpq-environment.ts';
import { driverSettings, urlParts } from '../../../../src/adapters/persistence/postgres/connection/settings.ts';
import { UnusableConnection } from '../../../../src/adapters/persistence/postgres/connection/unusable-connection.ts';
import { databaseLocation } from '../../../../src/infrastructure/config/database-location.ts';

let folder: string;
let roots: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-tls-'));
  roots = path.join(folder, 'roots.crt');
  writeFileSync(roots, rootCertificates.slice(0, 2).join('\n'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a PostgreSQL URL', () => {
  it('leads the driver and the programs to the same decoded user, password, database and host', () => {
    const part = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(part, part, part, part, (user, password, database, host) => {
        const encoded = [user, password, database].map(encodeURIComponent);
        const url = `postgres://${String(encoded[0])}:${String(encoded[1])}@h/${String(encoded[2])}?host=${encodeURIComponent(host)}`;
        fc.pre(new URL(url).pathname.slice(1) === encoded[2]); // a name of dots is no name in a path
        expect(driverSettings(url)).toMatchObject({ user, password, database, host });
        const [PGUSER, PGPASSWORD, PGDATABASE, PGHOST] = [user, password, database, host];
        expect(libpqEnvironment(url)).toMatchObject({ PGUSER, PGPASSWORD, PGDATABASE, PGHOST });
      }),
    );
  });

  it.each([
    ['postgres://u@%2Frun%2Fpostgresql:5433/n', '/run/postgresql'],
    ['postgres://u@/n?host=/run/postgresql&port=5433', '/run/postgresql'],
    ['postgresql+psycopg2://u:p@:5433/n?host=%2Frun%2Fpostgresql', '/run/postgresql'],
    ['postgres:///n?host=/run/postgresql&port=5433', '/run/postgresql'],
    ['postgres://u@[::1]:5433/n', '::1'],
  ])('%s leads to a Unix socket or an address', (value, host) => {
    const location = databaseLocation(value);
    expect(location.engine === 'postgres' && urlParts(location.url)).toMatchObject({
      host,
      port: '5433',
      database: 'n',
      tlsMode: host.startsWith('/') ? 'disable' : undefined,
    });
  });

  it.each([
    ['sslmode=disable', 'disable', 'disable'],
    ['sslmode=no-verify', 'no-verify', 'require'],
    ['sslmode=prefer', 'verify-full', 'verify-full'],
    ['sslmode=require', 'verify-full', 'verify-full'],
    ['sslmode=verify-ca', 'verify-ca', 'verify-ca'],
    ['sslmode=verify-full', 'verify-full', 'verify-full'],
    ['ssl=true', 'verify-full', 'verify-full'],
    ['ssl=0', 'disable', 'disable'],
    ['ssl=no-verify', 'no-verify', 'require'],
    ['sslrootcert=/ca.pem', 'verify-full', 'verify-full'],
    ['application_name=x', undefined, undefined],
  ])('%s verifies the server in the driver and in the programs alike', (query, mode, PGSSLMODE) => {
    const url = `postgres://u@h/n?${query}`;
    expect(urlParts(url).tlsMode).toBe(mode);
    expect(libpqEnvironment(url)['PGSSLMODE']).toBe(PGSSLMODE);
  });

  it('verifies the host name unless it asks for the certificate only', () => {
    const ssl = (mode: string): unknown => driverSettings(`postgres://h/n?sslmode=${mode}&sslrootcert=${roots}`)['ssl'];
    expect(ssl('verify-full')).toEqual({ rejectUnauthorized: true, secureContext: expect.anything() });
    expect(ssl('verify-ca')).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
    expect(ssl('no-verify')).toMatchObject({ rejectUnauthorized: false });
  });

  it('names a file of TLS that is not usable, and reads it again for the next connection', () => {
    const file = path.join(folder, 'renewed.crt');
    const settings = driverSettings(`postgres://h/n?sslmode=verify-full&sslrootcert=${file}`);
    const read = (): unknown => settings['ssl'];
    expect(read).toThrow(new RegExp(`sslrootcert cannot be read: ENOENT.*${file}`));
    writeFileSync(file, 'not a certificate');
    expect(read).toThrow(UnusableConnection);
    expect(read).toThrow(`sslrootcert is not a certificate in PEM: ${file}`);
    writeFileSync(file, String(rootCertificates[0]));
    expect(read()).toMatchObject({ rejectUnauthorized: true });
    const alone = driverSettings(`postgres://h/n?sslcert=${roots}&sslkey=${roots}`);
    expect(() => alone['ssl']).toThrow('do not work together');
  });
});
