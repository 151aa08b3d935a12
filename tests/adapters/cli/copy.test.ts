import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { sqliteMessageRepository } from '../../../src/adapters/persistence/sqlite/repository.ts';
import { CLI, node, ROOT, type Ended } from '../persistence/schema/node-process.ts';
import { id, manyMessages, message } from '../persistence/contract/repository-fixtures.ts';
import { temporaryFolder } from '../../support/sqlite.ts';
import { between, held, on, store } from '../../support/stores.ts';

async function copy(from: string, to: string, ...args: string[]): Promise<Ended> {
  const folder = await temporaryFolder();
  try {
    return await node(folder.path, [CLI, 'copy', '--from', from, '--to', to, ...args]);
  } finally {
    await folder.remove();
  }
}

describe('npm run copy', () => {
  it('prints a summary, and progress on stderr', async () => {
    await between('sqlite', 'postgres', async (source, target) => {
      await store(source, manyMessages(50));
      const { code, stdout, stderr } = await copy(source, target);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: 'copying 0/50\ncomparing 0/50\n',
      });
      expect(stdout).toMatch(
        /^copied {9}50\nalready there {2}0\nconflicts {6}0\nsource {9}50 rows, SHA-256 ([0-9a-f]{64})\ntarget {9}50 rows, SHA-256 \1\ndifference {5}none\nbodies {9}0 of 0\nstatuses {7}0 of 0\narrivals {7}0 of 0\ntraces {9}0 of 0\nunknown {8}0 updates copied\ncounters {7}ok\ntime {11}[0-9.]+ s, \d+ rows\/s\n$/,
      );
      expect(await held(target)).toEqual(manyMessages(50));
    });
  });

  it('reports a conflict as JSON with status 1', async () => {
    await between('sqlite', 'sqlite', async (source, target) => {
      await store(source, manyMessages(5));
      await store(target, [message('m3', { text: 'something else' })]);
      const { code, stdout } = await copy(source, target, '--json');
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        ok: false,
        copied: 4,
        already_there: 0,
        conflicts: 1,
        conflicting: ['m3'],
        first_difference: { message_id: 'm3', what: expect.stringMatching(/only in/) },
      });
      expect((await on(target, ({ db }) => sqliteMessageRepository(db).find(id('m3'))))?.text).toBe('something else');
    });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stopped by %s says so, and the next run finishes', async (signal) => {
    await between('sqlite', 'postgres', async (source, target) => {
      const all = manyMessages(20_000);
      await store(source, all);
      const child = spawn(process.execPath, [CLI, 'copy', '--from', source, '--to', target], { env: {} });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
        if (stderr === 'copying 0/20000\n') child.kill(signal);
      });
      const [code] = (await once(child, 'close')) as [number];
      expect({ code, stderr }).toEqual({
        code: signal === 'SIGINT' ? 130 : 143,
        stderr: `copying 0/20000\nstopped by ${signal}; the same command resumes\n`,
      });
      const half = await held(target);
      expect(half.length).toBeLessThan(20_000);
      expect(half).toEqual(all.slice(0, half.length));
      const { code: status, stdout } = await copy(source, target, '--json');
      expect([status, JSON.parse(stdout)]).toMatchObject([
        0,
        { ok: true, copied: 20_000 - half.length, already_there: half.length },
      ]);
    });
  });

  it('leaves the target unchanged if the source has another schema', async () => {
    await between('sqlite', 'sqlite', async (source, target) => {
      await on(source, ({ db }) => db('knex_migrations').where('name', 'like', '%search_index').delete());
      expect(await copy(source, target)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^the source lacks migrations \(\d+_search_index\): migrate it first/),
      });
      expect((await copy(target, source)).stderr).toMatch(/^the database file is not there: \/.*\.db\n$/); // not created
    });
    await between('sqlite', 'sqlite', async (source, target) => {
      await on(source, ({ db }) => db('knex_migrations').insert({ name: '99999999999999_future', batch: 9 }));
      expect(await copy(source, target)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^a newer version migrated the source \(99999999999999_future\)/),
      });
    });
  });

  it('prints its help', async () => {
    const { code, stdout, stderr } = await node(ROOT, [CLI, 'copy', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: webhook-inbox copy [^]*--from <url>[^]*--to <url>[^]*--json/);
  });

  it.each([
    ['nothing', [], 64, '--from and --to are needed'],
    ['one of the two', ['--from', 'sqlite:///a.db'], 64, '--from and --to are needed'],
    ['an unknown option', ['--form', 'sqlite:///a.db'], 64, "unknown option '--form'"],
    ['the same twice', ['--from', 'sqlite:///a.db', '--to', 'sqlite:///./a.db'], 64, 'the same database'],
    ['no database', ['--from', 'mysql://secret@a/b', '--to', 'sqlite:///a.db'], 78, '--from must be sqlite:///'],
    ['a broken URL', ['--from', 'sqlite:///a.db', '--to', 'postgres://a'], 78, '--to must be postgres://'],
  ])('rejects %s', async (_what, args, status, reason) => {
    const folder = await temporaryFolder();
    try {
      const { code, stdout, stderr } = await node(folder.path, [CLI, 'copy', ...args]);
      expect({ code, stdout }).toEqual({ code: status, stdout: '' });
      expect(stderr).toContain(reason);
      expect(stderr).not.toContain('secret');
    } finally {
      await folder.remove();
    }
  });
});
