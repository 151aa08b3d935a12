import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { deriveNext } from '../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteMessageRepository } from '../../../src/adapters/persistence/sqlite/repository.ts';
import { openTestDatabase, type TestDatabase } from '../../support/sqlite.ts';
import { manyMessages } from '../persistence/contract/repository-fixtures.ts';
import { CLI } from '../../support/entry-points.ts';

const run = promisify(execFile);

async function doctor(file: string, ...args: string[]): Promise<{ status: number; output: string }> {
  return run(process.execPath, [CLI, 'doctor', ...args], {
    env: { DATABASE_URL: `sqlite:///${file}`, WEBHOOK_SECRET: '0123456789abcdefghij' },
  }).then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, output: stdout + stderr };
    },
  );
}

async function filled(): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const stored = manyMessages(500);
  await sqliteMessageRepository(database.db).add(stored.slice(0, 400));
  await deriveNext(database.db, 1_000);
  await sqliteMessageRepository(database.db).add(stored.slice(400)); // their senders are not counted yet
  return database;
}

describe('the doctor', () => {
  it('finds no fault in a consistent database', async () => {
    const { file, close } = await filled();
    try {
      expect(await doctor(file)).toEqual({
        status: 0,
        output: `ok    configuration: every variable is valid
ok    providers: enabled: webhook; disabled: whatsapp, standard, twilio
ok    WEBHOOK_SECRET: hard to guess
ok    READ_API_KEYS: none: everyone on this machine can read
ok    permissions: only the owner of the database can read it
ok    pages: none is damaged
ok    schema: is this version's
ok    counters: equal a scan of all messages
ok    search index: has 400 texts, and finds those of 500 random messages
`,
      });
    } finally {
      await close();
    }
  });

  it.each([
    ['message_totals', 'update message_totals set messages = messages + 1'],
    ['message_totals', 'update message_totals set senders = senders - 1'],
    ['message_totals, sender_counts, period_counts', 'update message_totals set counted_seq = counted_seq - 1'],
    ['sender_counts', "update sender_counts set messages = 7 where from_msisdn = '+100'"],
    ['period_counts', 'delete from period_counts where width = 3600'],
    ['period_counts', 'insert into period_counts values (60, 0, 1)'],
  ])('reports that %s is wrong after: %s', async (table, damage) => {
    const { db, file, close } = await filled();
    try {
      const right = await sqliteMessageRepository(db).stats();
      await db.raw(damage);
      const found = await doctor(file);
      expect(found.status).toBe(1);
      expect(found.output).toContain(`fail  counters: wrong in ${table}: run with --rebuild`);
      expect((await doctor(file, '--rebuild')).status).toBe(0);
      expect(await sqliteMessageRepository(db).stats()).toEqual(right);
    } finally {
      await close();
    }
  });

  it('names the missing migrations', async () => {
    const { db, file, close } = await filled();
    try {
      await db('knex_migrations').where('name', 'like', '%search_index').delete();
      const { status, output } = await doctor(file);
      expect([status, output]).toEqual([
        1,
        expect.stringMatching(/^fail {2}schema: lacks \d+_search_index: run "webhook-inbox migrate latest"$/m),
      ]);
    } finally {
      await close();
    }
  });
});
