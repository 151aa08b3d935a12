import { writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { timestamp, timestampFromMicros, type Timestamp } from '../../../src/domain/timestamp.ts';
import { message } from '../persistence/contract/repository-fixtures.ts';
import { commandLine, signalledAt, type CommandEnd } from '../../support/command-line.ts';
import { held, place, store, type Engine } from '../../support/stores.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

const NOW = BigInt(Date.now()) * 1_000n;
const daysAgo = (days: number): Timestamp => timestampFromMicros(NOW - BigInt(days) * 86_400_000_000n);

/** One message for each day back from today, received when it was sent, from two numbers in turn. */
const aDay = (i: number) => ({
  ...message(String(i), { sentAt: daysAgo(i), from: i % 2 === 0 ? '+15550000002' : '+15550000001' }),
  receivedAt: daysAgo(i),
  payload: { mediaType: 'text/plain', body: Buffer.alloc(20_000, 'x') },
});

async function withDays(
  engine: Engine,
  days: number,
  test: (
    purge: (...args: string[]) => Promise<CommandEnd>,
    left: () => Promise<string[]>,
    url: string,
  ) => Promise<void>,
): Promise<void> {
  const database = await place(engine);
  try {
    await store(
      database.url,
      Array.from({ length: days }, (_, i) => aDay(i)),
    );
    const left = async () => (await held(database.url)).map(({ messageId }) => messageId).sort((a, b) => +a - +b);
    await test((...args) => cli.run(['purge', ...args], { DATABASE_URL: database.url }), left, database.url);
  } finally {
    await database.close();
  }
}

const upTo = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

describe.each<Engine>(['sqlite', 'postgres'])('webhook-inbox purge on %s', (engine) => {
  it('erases older messages, reports how many and the reclaimed space, and has nothing to do the next time', () =>
    withDays(engine, 100, async (purge, left) => {
      const dry = await purge('--before', '30d', '--dry-run', '--json');
      expect([dry.status, JSON.parse(dry.stdout)]).toMatchObject([
        0,
        { ok: true, dry_run: true, would: { messages: 70, statuses: 0, bodies: 70 }, total: 100 },
      ]);
      expect(await left()).toHaveLength(100);

      const { status, stdout, stderr } = await purge('--before', '30d');
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^erasing 0\/70\n/) });
      expect(stdout).toMatch(
        /^erased {9}70 messages, 0 statuses, 70 bodies\nstay {11}30 messages\nsize {11}\d+ [KM]iB before, \d+ [KM]iB after\n(free inside {4}\d+ [KM]iB\n)?time {11}[\d.]+ s\n$/,
      );
      expect(await left()).toEqual(upTo(30));
      const again = JSON.parse((await purge('--before', '30d', '--json')).stdout) as object;
      expect(again).toMatchObject({ ok: true, erased: { messages: 0, bodies: 0 }, remaining: 30 });
    }));

  it('keeps the newest messages and those of exempt senders', () =>
    withDays(engine, 60, async (purge, left) => {
      const kept = ['--keep', '50', '--keep-from', '+15550000001'];
      expect((await purge('--before', '30d', ...kept)).stdout).toContain('erased         5 messages');
      expect(await left()).toEqual([...upTo(50), '51', '53', '55', '57', '59']);
      expect((await purge('--before', '30d', '--keep', '99')).stdout).toContain('erased         0 messages');
    }));
});

describe('webhook-inbox purge', () => {
  it('shrinks a file that this version created, and any file with --compact', () =>
    withDays('sqlite', 200, async (purge) => {
      const first = JSON.parse((await purge('--before', '100d', '--json')).stdout) as Record<string, number>;
      expect(first['bytes_after']).toBeLessThan(0.7 * Number(first['bytes_before']));
      expect(first['reusable_bytes']).toBe(0);
      const second = JSON.parse((await purge('--before', '20d', '--compact', '--json')).stdout) as Record<
        string,
        number
      >;
      expect(second['bytes_after']).toBeLessThan(0.5 * Number(second['bytes_before']));
      expect(second['compacting_seconds']).toBeGreaterThan(0);
    }));

  it('says that a signal stopped it, and the same command resumes', () =>
    withDays('sqlite', 8, async (purge, left, url) => {
      const old = Array.from({ length: 6_000 }, (_, i) => ({
        ...message(`old ${String(i)}`, { sentAt: timestampFromMicros(BigInt(i)) }),
        receivedAt: timestamp('2020-01-01T00:00:00Z'),
      }));
      await store(url, old);
      const environment = { DATABASE_URL: url, ...signalledAt('erasing', 'SIGINT') };
      const { status, stderr } = await cli.run(['purge', '--before', '10d'], environment);
      expect({ status, stderr }).toEqual({
        status: 130,
        stderr: 'erasing 0/6000\nstopped by SIGINT; completed steps are kept, and the same command resumes\n',
      });
      expect((await purge('--before', '10d')).status).toBe(0);
      expect(await left()).toEqual(upTo(8));
    }));

  it.each([
    ['nothing', [], 64, '--before is needed'],
    ['an instant that is not a date-time', ['--before', 'yesterday'], 64, '--before takes an RFC 3339 date-time'],
    ['days before the calendar', ['--before', '999999d'], 64, '--before takes an RFC 3339 date-time'],
    ['what may be sent again', ['--before', '6d'], 64, '--before is less than 7 days ago'],
    ['the future', ['--before', '2999-01-01T00:00:00Z'], 64, '--before is less than 7 days ago'],
    ['a count that is negative', ['--before', '9d', '--keep', '-1'], 64, 'whole number'],
    ['a number without a plus', ['--before', '9d', '--keep-from', '15550000001'], 64, 'phone number'],
    ['a file that is not there', ['--before', '9d'], 1, 'is not there'],
  ])('rejects %s', async (_what, args, status, reason) => {
    const ended = await cli.run(['purge', ...args], { DATABASE_URL: 'sqlite:///./none.db' });
    expect(ended).toEqual({ status, stdout: '', stderr: expect.stringContaining(reason) });
    expect(ended.stderr).not.toContain('15550000001');
  });

  it('erases young messages when it is forced to, and names what a schema lacks', () =>
    withDays('sqlite', 5, async (purge, left, url) => {
      expect((await purge('--before', '3d', '--force')).status).toBe(0);
      expect(await left()).toEqual(upTo(3));
      await writeFile(`${cli.folder}/empty.db`, '');
      const empty = await cli.run(['purge', '--before', '9d'], { DATABASE_URL: 'sqlite:///./empty.db' });
      expect(empty).toMatchObject({ status: 1, stderr: expect.stringContaining('the database lacks migrations') });
      expect(url).toMatch(/^sqlite/);
    }));
});
