import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { migrationNames } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { migrating, temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { CLI, lines, node, ROOT, type Ended } from './node-process.ts';

let folder: TemporaryFolder;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = folder.file('data/app.db');
});
afterEach(() => folder.remove());

/** Runs the command as `npm run migrate` does. An absolute path has four slashes. */
const migrate = (...args: string[]): Promise<Ended> =>
  node(folder.path, [CLI, 'migrate', ...args], { DATABASE_URL: `sqlite:///${file}` });

describe('migrate', () => {
  it('status lists pending migrations with exit status 1, and exits with 0 if there are none', async () => {
    const names = await migrationNames();
    expect(await migrate('status')).toMatchObject({ code: 1, stdout: lines('pending  ', names), stderr: '' });
    expect(await migrate('latest')).toMatchObject({ code: 0, stdout: lines('applied ', names), stderr: '' });
    expect(await migrate('status')).toMatchObject({ code: 0, stdout: lines('applied  ', names), stderr: '' });
    const future = '29991231235959_from_the_future';
    await migrating(file, (db) => db('knex_migrations').insert({ name: future, batch: 9, migration_time: 0 }));
    const { code, stdout } = await migrate('status');
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `${lines('applied  ', names)}unknown  ${future} (applied by a newer version)\n`,
    });
    const json = await migrate('status', '--json');
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      1,
      {
        ok: false,
        error: { message: `a newer version migrated the database: ${future}` },
        ...{ applied: [...names, future], pending: [], unknown: [future] },
      },
    ]);
  });

  it('rollback reverts what latest applied, and says so if there is nothing to revert', async () => {
    await migrating(file, migrateLatest);
    const names = (await migrationNames()).toReversed();
    expect(await migrate('rollback')).toMatchObject({ code: 0, stdout: lines('took back ', names), stderr: '' });
    expect(await migrate('rollback')).toMatchObject({ code: 0, stdout: 'nothing to take back\n', stderr: '' });
  });

  it('status and rollback create no database, and rollback names the path that it expected', async () => {
    expect(await migrate('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('pending') });
    expect(await migrate('rollback')).toMatchObject({ code: 1, stderr: `the database file is not there: ${file}\n` });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('reads .env in the working directory, which the environment overrides', async () => {
    await writeFile(folder.file('.env'), 'DATABASE_URL=sqlite:///./from-env-file.db\n');
    expect(await node(folder.path, [CLI, 'migrate', 'latest'])).toMatchObject({ code: 0 });
    expect(await readdir(folder.path)).toContain('from-env-file.db');
    expect(await migrate('status')).toMatchObject({ code: 1 }); // another database: nothing is applied there
  });

  it('answers unknown arguments with its usage and exit status 64', async () => {
    const wrong = [[], ['constructor'], ['latest', 'now'], ['--no-such']];
    const ended = await Promise.all(wrong.map((args) => migrate(...args)));
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      expect([wrong[i], code, stdout]).toEqual([wrong[i], 64, '']);
      expect(stderr).toContain('Usage: webhook-inbox migrate');
    }
  });

  it('rejects an invalid address with exit status 78 and does not repeat it', async () => {
    const wrong = ['mysql://user:hunter2@host/db', 'sqlite:///:memory:'];
    const ended = await Promise.all(
      wrong.map((url) => node(folder.path, [CLI, 'migrate', 'latest'], { DATABASE_URL: url })),
    );
    for (const { code, stdout, stderr } of ended) {
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toContain('DATABASE_URL');
      expect(stderr).not.toContain('hunter2');
    }
  });

  it('reports a fault with its message and exit status 1', async () => {
    await mkdir(folder.file('data'));
    await writeFile(file, 'text where the database should be '.repeat(100));
    const { code, stdout, stderr } = await migrate('latest');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^\w+.*\n$/); // one line, no stack
  });

  it('--help explains itself', async () => {
    expect(await migrate('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Exit status:'),
      stderr: '',
    });
  });
});

describe('migrate make', () => {
  // In a copy of the sources: a new migration among the real ones would appear in every test that runs meanwhile.
  const copy = () => folder.file('src/infrastructure/cli.ts');
  const made = async (): Promise<string[]> => {
    const known = await migrationNames();
    const all = await readdir(folder.file('src/adapters/persistence/schema/migrations'));
    return all.filter((one) => !known.includes(path.basename(one, '.ts')));
  };
  beforeEach(async () => {
    await cp(path.join(ROOT, 'src'), folder.file('src'), { recursive: true });
    await cp(path.join(ROOT, 'package.json'), folder.file('package.json'));
    await symlink(path.join(ROOT, 'node_modules'), folder.file('node_modules'));
  });

  it('creates an empty migration that sorts after all others', async () => {
    const { code, stdout } = await node(folder.path, [copy(), 'migrate', 'make', 'add_received_at']);
    const [name = ''] = await made();
    expect({ code, name }).toEqual({ code: 0, name: expect.stringMatching(/^\d{14}_add_received_at\.ts$/) });
    const written = folder.file(`src/adapters/persistence/schema/migrations/${name}`);
    expect(stdout).toBe(`made ${written}\n`);
    expect(await readFile(written, 'utf8')).toMatch(/^import type \{ Knex \}[^]*function up\([^]*function down\(/);
    const status = await node(folder.path, [copy(), 'migrate', 'status'], { DATABASE_URL: `sqlite:///${file}` });
    expect(status.stdout.trimEnd().split('\n').at(-1)).toBe(`pending  ${path.basename(name, '.ts')}`);
  });

  it('rejects names that are not file names in the expected form', async () => {
    const wrong = ['Add', '1st', '../add'];
    const ended = await Promise.all(wrong.map((name) => node(folder.path, [copy(), 'migrate', 'make', name])));
    const refused = { code: 64, stderr: expect.stringContaining('add_received_at') };
    for (const one of ended) expect(one).toMatchObject(refused);
    expect(await made()).toEqual([]);
  });
});
