import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startPostgresServer } from '../tests/support/postgres-server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

export interface BenchDatabase {
  readonly url: string;
  /** Copies the database. No process may have it open meanwhile. */
  copy(): Promise<BenchDatabase>;
  remove(): Promise<void>;
}

export interface Databases {
  readonly engine: 'sqlite' | 'postgres';
  /** An empty one of the newest schema. */
  create(): Promise<BenchDatabase>;
  /** Stops the server of the databases. */
  close(): Promise<void>;
}

export const sqliteDatabases: Databases = {
  engine: 'sqlite',
  create() {
    const database = inFolder();
    migrate(database.url);
    return Promise.resolve(database);
  },
  close: () => Promise.resolve(),
};

function inFolder(): BenchDatabase & { readonly file: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const file = path.join(folder, 'app.db');
  return {
    file,
    url: `sqlite:///${file}`,
    copy() {
      const copy = inFolder();
      copyFileSync(file, copy.file);
      return Promise.resolve(copy);
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

/** In a server of their own, which flushes as it should, or in that of TEST_POSTGRES_URL. */
export async function postgresDatabases(): Promise<Databases> {
  const given = process.env['TEST_POSTGRES_URL'];
  const server = given === undefined ? await startPostgresServer({ durable: true }) : undefined;
  const admin = new pg.Client({ connectionString: server?.url ?? given });
  await admin.connect();

  async function database(template: string): Promise<BenchDatabase> {
    const name = `bench_${randomBytes(6).toString('hex')}`;
    await admin.query(`create database ${name} template ${template}`);
    const url = new URL(server?.url ?? given ?? '');
    url.pathname = `/${name}`;
    return {
      url: url.href,
      copy: () => database(name),
      remove: () => admin.query(`drop database ${name} with (force)`).then(() => undefined),
    };
  }

  return {
    engine: 'postgres',
    async create() {
      const created = await database('template0');
      migrate(created.url);
      return created;
    },
    async close() {
      await admin.end();
      await server?.remove();
    },
  };
}

function migrate(url: string): void {
  const env = { ...process.env, DATABASE_URL: url };
  const args = ['src/infrastructure/cli.ts', 'migrate', 'latest'];
  const migrated = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  if (migrated.status !== 0) throw new Error(migrated.stderr);
}
