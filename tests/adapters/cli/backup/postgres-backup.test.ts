import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { libpqEnvironment } from '../../../../src/adapters/persistence/postgres/backup/programs/libpq-environment.ts';
import type { NewUpdate } from '../../../../src/domain/update.ts';
import { CLI, node, type Ended } from '../../persistence/schema/node-process.ts';
import { manyMessages, message, micros } from '../../persistence/contract/repository-fixtures.ts';
import { queryPostgres } from '../../../support/postgres-query.ts';
import { installedPostgres, startPostgresServer, type PostgresServer } from '../../../support/postgres-server.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { held, on, repositoryOf } from '../../../support/stores.ts';
import { describeNeeding, has } from '../../../support/requirements.ts';

const PROGRAMS = has('postgresql') ? path.join(installedPostgres(), 'bin') : '';
const PASSWORD = 'a pass/word';
let server: PostgresServer;
let folder: TemporaryFolder;
let databases = 0;

beforeAll(async () => {
  server = await startPostgresServer({ durable: false, installed: installedPostgres() });
  folder = await temporaryFolder();
});

afterAll(async () => {
  await folder.remove();
  await server.remove();
});

const query = (sql: string, url = server.url): Promise<unknown[]> => queryPostgres(url, sql);

/** An empty database, and a folder for the files of one test. */
async function place(): Promise<string> {
  const name = `d${String(++databases)}`;
  await query(`create database ${name}`);
  const url = new URL(server.url);
  url.pathname = name;
  url.password = PASSWORD; // no connection needs it, and no output may contain it
  return url.href;
}

const run = (url: string, args: readonly string[], programs = PROGRAMS): Promise<Ended> =>
  node(folder.path, [CLI, ...args], { DATABASE_URL: url, PATH: programs });

const UPDATES: readonly NewUpdate[] = [
  ...manyMessages(40),
  {
    ...message('with everything', { text: 'a\tb\\.\n\\N' }),
    payload: { mediaType: 'application/json', body: Buffer.from('{"\\\\.\n": 1}') },
    deliveryId: 'd1',
    receivedAt: micros(5),
    traceId: '0af7651916cd43dd8448eb211c80319c',
  },
  { kind: 'status', ...message('with everything'), state: 'read', at: micros(7) },
];

async function filled(): Promise<string> {
  const url = await place();
  await on(url, ({ add }) => add(UPDATES));
  return url;
}

describeNeeding(['postgresql'], 'webhook-inbox backup and restore of PostgreSQL', () => {
  it('contains one schema, and restores it beside the inbox of another schema', async () => {
    const source = await filled();
    await query('create schema other', source);
    const other = `${source}?options=-c%20search_path%3Dother,public`;
    await on(other, ({ add }) => add([message('of the other')]));
    expect(await run(source, ['backup', 'one.dump'])).toMatchObject({ code: 0 });
    expect(await run(source, ['restore', '--force', 'one.dump'])).toMatchObject({ code: 0 });
    expect(await query('select message_id from other.messages', source)).toEqual(['of the other']);
    expect(await run(other, ['restore', '--force', 'one.dump'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the backup is of the schema "public", and search_path leads to "other"'),
    });
    const indexes = "select schemaname from pg_indexes where indexname = 'messages_by_trigram' order by 1";
    expect(await query(indexes, source)).toEqual(['other', 'public']);
  });

  it('writes an archive, and restores it into an empty database', async () => {
    const source = await filled();
    const { code, stdout, stderr } = await run(source, ['backup', 'a.dump', '--json']);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^dumping \d+\nchecking 0\/41\n/),
    });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      rows: 41,
      first: '2025-01-15T10:00:00Z',
      last: '2025-01-15T10:05:03.333303Z',
      bytes: statSync(folder.file('a.dump')).size,
      wrong_counters: [],
    });
    expect(statSync(folder.file('a.dump')).mode & 0o777).toBe(0o600);

    const target = await place();
    const restored = await run(target, ['restore', 'a.dump', '--json']);
    expect([restored.code, JSON.parse(restored.stdout)]).toMatchObject([
      0,
      { ok: true, rows: 41, migrated: [], counted_anew: [], kept_as: null },
    ]);
    expect(await held(target)).toEqual(await held(source));
    await on(target, async (opened) => {
      const repository = repositoryOf(opened);
      const key = 'with everything' as never;
      expect(await repository.findReceipt(key)).toEqual({
        receivedAt: 5n,
        traceId: '0af7651916cd43dd8448eb211c80319c',
      });
      expect(await repository.findStatus(key)).toEqual({ state: 'read', at: 7n });
      expect(Buffer.from((await repository.findPayload(key))?.body ?? []).toString()).toBe('{"\\\\.\n": 1}');
      expect(await opened.add(UPDATES)).not.toContain('created');
    });
    expect(await query('select epoch from stream_epoch', target)).not.toEqual(
      await query('select epoch from stream_epoch', source),
    );
    // The old server's transactions may not have existed in this one yet; new ones get their own numbers.
    expect(await query('select count(arrived)::int from messages', target)).toEqual([0]);
    await on(target, ({ add }) => add([message('new')]));
    expect(await query('select message_id from messages where arrived is not null', target)).toEqual(['new']);
  });

  it('restores over messages only with --force, and never beside a service', async () => {
    const source = await filled();
    expect((await run(source, ['backup', 'b.dump'])).code).toBe(0);
    const target = await place();
    await on(target, ({ add }) => add([message('old')]));
    expect(await run(target, ['restore', 'b.dump'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/the database holds messages: name an empty one, or use --force/),
    });
    await on(target, async ({ db }) => {
      await db.raw('select 1'); // connected, like a service
      const { code, stderr } = await run(target, ['restore', 'b.dump', '--force']);
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('a service is connected') });
    });
    expect(await held(target)).toEqual([message('old')]);
    expect((await run(target, ['restore', 'b.dump', '--force'])).code).toBe(0);
    expect(await held(target)).toEqual(await held(source));
  });

  it('rejects an archive that is truncated, of a newer version or of another program', async () => {
    const source = await filled();
    const target = await place();
    await on(target, ({ add }) => add([message('old')]));
    const refused = async (file: string, reason: string): Promise<void> => {
      const { code, stderr } = await run(target, ['restore', file, '--force']);
      expect(code).toBe(1);
      expect(stderr).toContain(reason);
      expect(await held(target)).toEqual([message('old')]);
    };
    expect((await run(source, ['backup', 'c.dump'])).code).toBe(0);
    truncateSync(folder.file('c.dump'), statSync(folder.file('c.dump')).size - 500);
    await refused('c.dump', 'c.dump is not restored: it cannot be read: pg_restore ended with 1: pg_restore: error:');

    await query("insert into knex_migrations (name, batch) values ('99999999999999_breaking_future', 9)", source);
    expect((await run(source, ['backup', 'd.dump'])).code).toBe(0);
    await refused('d.dump', 'a newer version made it (99999999999999_breaking_future)');

    const other = await place();
    await query('create table messages (sent_at bigint)', other);
    expect(await run(other, ['backup', 'e.dump'])).toMatchObject({ code: 1 });
    expect(readdirSync(folder.path).filter((name) => name.startsWith('e.'))).toEqual([]);
  });

  it('does not restore over a newer schema', async () => {
    const source = await filled();
    expect((await run(source, ['backup', 'f.dump'])).code).toBe(0);
    const target = await place();
    await on(target, ({ db }) => db('knex_migrations').insert({ name: '99999999999999_future', batch: 9 }));
    const { code, stderr } = await run(target, ['restore', 'f.dump', '--force']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('newer schema than the backup'),
    });
  });

  it('reports that the archive and its counters differ', async () => {
    const source = await filled();
    await query('delete from uncounted where ctid in (select ctid from uncounted limit 1)', source);
    await query("insert into uncounted values ('+1', 1), ('+1', 1)", source);
    const { code, stderr } = await run(source, ['backup', 'g.dump']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the copy was not usable: it holds 41 messages, and its counters 42/);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('g.'))).toEqual([]);
  });

  it('says what to install if pg_dump is missing or older than the server', async () => {
    const source = await filled();
    const version = Number(await query('show server_version_num').then(([it]) => it)) / 10_000;
    expect(await run(source, ['backup', 'h.dump'], folder.path)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^pg_dump is not there: install .* ${String(Math.floor(version))} or newer .*"export"`),
      ),
    });
    const newer = await startPostgresServer({ durable: false }); // of the npm package
    try {
      const { code, stderr } = await run(newer.url, ['backup', 'h.dump']);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^pg_dump \d+ is older than the server, \d+: install .*postgresql-client-\d+/),
      });
    } finally {
      await newer.remove();
    }
    expect(readdirSync(folder.path).filter((name) => name.startsWith('h.'))).toEqual([]);
  });

  it('passes the password to pg_dump by its environment, and none of our own secrets', async () => {
    const source = await filled();
    const spy = await temporaryFolder();
    for (const name of ['pg_dump', 'pg_restore']) {
      writeFileSync(
        spy.file(name),
        `#!/bin/sh\nprintf '%s\\n' "$0 $*" >> ${spy.file('arguments')}\n/usr/bin/env >> ${spy.file('environment')}\nexec ${PROGRAMS}/${name} "$@"\n`,
        { mode: 0o755 },
      );
    }
    const { code } = await node(folder.path, [CLI, 'backup', 'i.dump'], {
      DATABASE_URL: source,
      PATH: `${spy.path}:/usr/bin:/bin`,
      WEBHOOK_SECRET: 'of the service',
    });
    expect(code).toBe(0);
    const seen = readFileSync(spy.file('environment'), 'utf8');
    expect(readFileSync(spy.file('arguments'), 'utf8')).not.toContain('pass');
    expect(seen).toContain(`PGPASSWORD=${PASSWORD}\n`);
    expect(seen).not.toMatch(/WEBHOOK_SECRET|DATABASE_URL/);
    await spy.remove();
  });
});

describe('libpqEnvironment', () => {
  it.each([
    [
      'postgres://me:p%40ss@db.example.com:5433/inbox?sslmode=verify-full&sslrootcert=/ca.pem',
      {
        PGHOST: 'db.example.com',
        PGPORT: '5433',
        PGUSER: 'me',
        PGPASSWORD: 'p@ss',
        PGDATABASE: 'inbox',
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: '/ca.pem',
      },
    ],
    ['postgres://[::1]/inbox', { PGHOST: '::1', PGDATABASE: 'inbox' }],
    ['postgres:///inbox?host=/run/postgresql', { PGHOST: '/run/postgresql', PGDATABASE: 'inbox' }],
    ['postgres://h/inbox?sslmode=no-verify', { PGHOST: 'h', PGDATABASE: 'inbox', PGSSLMODE: 'require' }],
    ['postgres://h/inbox?ssl=true', { PGHOST: 'h', PGDATABASE: 'inbox', PGSSLMODE: 'verify-full' }],
    ['postgres://h/inbox?ssl=0', { PGHOST: 'h', PGDATABASE: 'inbox', PGSSLMODE: 'disable' }],
  ])('connects to the same server as %s', (url, expected) => {
    expect(libpqEnvironment(url)).toEqual({ ...expected, PGAPPNAME: 'webhook-inbox backup', PGCONNECT_TIMEOUT: '10' });
  });
});
