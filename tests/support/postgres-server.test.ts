import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { queryPostgres } from './postgres-query.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgresServer({ durable: true });
});

afterAll(() => server.remove());

const query = (sql: string, url = server.url): Promise<unknown[]> => queryPostgres(url, sql);

it('flushes its commits', async () => {
  expect(await query('show fsync')).toEqual(['on']);
  expect(await query('show synchronous_commit')).toEqual(['on']);
});

it.each(['fast', 'immediate'] as const)(
  'is gone when stopped (%s), and back with its data when started',
  async (how) => {
    await query(`create table ${how} as select 42 as answer`);
    await server.stop(how);
    await expect(query('select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.stop(how); // a stopped server ignores it
    await server.start();
    expect(await query(`select answer from ${how}`)).toEqual([42]);
  },
);

async function dataOf(url: string): Promise<string> {
  const [folder] = await query('show data_directory', url);
  return String(folder);
}

it('leaves nothing behind after remove', async () => {
  const another = await startPostgresServer({ durable: false });
  const data = await dataOf(another.url);
  expect(existsSync(data)).toBe(true);
  await another.remove();
  expect(existsSync(path.dirname(data))).toBe(false);
  await expect(query('select 1', another.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it.each(['SIGINT', 'SIGKILL'] as const)('leaves nothing behind when its process ends by %s', async (signal) => {
  const module = new URL('postgres-server.ts', import.meta.url).href;
  const script = `
    const { startPostgresServer } = await import('${module}');
    console.log((await startPostgresServer({ durable: false })).url);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(owner.stdout, 'data')) as [Buffer];
  const url = output.toString().trim();
  const data = await dataOf(url);
  expect(existsSync(data)).toBe(true);

  owner.kill(signal);
  await once(owner, 'exit');
  const until = Date.now() + 60_000;
  while (existsSync(path.dirname(data)) && Date.now() < until) await delay(50);
  expect(existsSync(path.dirname(data))).toBe(false);
  await expect(query('select 1', url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
