import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import { wrongCounters } from '../../../src/adapters/persistence/counters/counter-check.ts';
import { WEBHOOK } from '../../../src/domain/provider.ts';
import { timestamp, timestampFromMicros } from '../../../src/domain/timestamp.ts';
import type { NewUpdate } from '../../../src/domain/update.ts';
import { agreed } from '../../../src/adapters/cli/redact/agreed.ts';
import { placesInFile } from '../../../src/adapters/persistence/erasure/places-in-file.ts';
import { message, number } from '../persistence/contract/repository-fixtures.ts';
import { commandLine, type CommandEnd } from '../../support/command-line.ts';
import { on, place, repositoryOf, type Engine } from '../../support/stores.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

const PERSON = '+919876543210';
const VICTIM = '+14155550100';
const SECRET_TEXT = 'Quarkkuchenrezept';
const COUNT = 3_000;

/** Every tenth of three thousand messages is the person's, so that they are spread over all parts of the indexes. */
const sentBy = (i: number): NewUpdate => {
  const theirs = i % 10 === 3;
  const from = theirs && i % 20 === 3 ? PERSON : `+1555${String((i * 7_919) % 1_000).padStart(7, '0')}`;
  const text = theirs ? `${SECRET_TEXT} ${String(i)}` : `nothing special ${String(i)}`;
  const body = Buffer.from(JSON.stringify({ from, text }));
  return {
    ...message(`m${String((i * 7_919) % 10_007)}`, {
      from,
      to: theirs && from !== PERSON ? PERSON : '+14155550100',
      sentAt: timestampFromMicros(timestamp('2025-01-15T10:00:00Z') + BigInt(i) * 1_000_000n),
      text,
    }),
    payload: { mediaType: 'application/json', body },
  };
};

type Redact = (...args: string[]) => Promise<CommandEnd>;

async function withPerson(engine: Engine, test: (redact: Redact, url: string) => Promise<void>): Promise<void> {
  const database = await place(engine);
  try {
    await on(database.url, async ({ add, deriveNext }) => {
      for (let i = 0; i < COUNT; i += 30) {
        await add(Array.from({ length: 30 }, (_, k) => sentBy(i + k)));
        if (i % 900 === 0) await deriveNext(1_000);
      }
      const payload = { mediaType: 'text/plain', body: Buffer.from('Body=x&From=%2B919876543210') };
      await add([{ kind: 'unknown', provider: WEBHOOK, payload } as never]);
    });
    await test(
      (...args) => cli.run(['redact', '--from', PERSON, ...args], { DATABASE_URL: database.url }),
      database.url,
    );
  } finally {
    await database.close();
  }
}

async function bytesOf(url: string): Promise<string> {
  const file = url.replace('sqlite:///', '');
  const read = (name: string): Promise<string> => readFile(name, 'latin1').catch(() => '');
  return (await read(file)) + (await read(`${file}-wal`));
}

/** Answers, counters and, in SQLite, pages and the index are consistent. */
async function inOrder(url: string): Promise<void> {
  await on(url, async (target) => {
    expect(await wrongCounters(target.db, target.dialect)).toEqual([]);
    const repository = repositoryOf(target);
    expect((await repository.stats()).totalMessages).toBe(2_700);
    expect((await repository.list({ contains: 'NOTHING special' }, { offset: 0 }, 1)).total).toBe(2_700);
    expect((await repository.list({ contains: SECRET_TEXT }, { offset: 0 }, 1)).total).toBe(0);
  });
}

describe.each<Engine>(['sqlite', 'postgres'])('webhook-inbox redact on %s', (engine) => {
  it('says what it would erase, erases it with --yes, and leaves the number nowhere', () =>
    withPerson(engine, async (redact, url) => {
      const dry = await redact('--dry-run', '--json');
      const counts = { messages: 300, statuses: 0, bodies: 301, bereft: 0, excerpts: 0 };
      expect([dry.status, JSON.parse(dry.stdout)]).toMatchObject([
        0,
        { dry_run: true, number: '+…3210', would: counts, from: 150, to: 150, total: 3_000 },
      ]);
      const { status, stdout, stderr } = await redact('--yes');
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^erasing 0\/300\n/) });
      expect(stdout).toContain('erased         300 messages, 0 statuses, 301 bodies, 0 excerpts');
      expect(stdout).toContain(engine === 'sqlite' ? 'the number is nowhere in the files' : 'in the write-ahead log');
      for (const output of [dry.stdout, dry.stderr, stdout, stderr]) expect(output).not.toContain('98765');
      await inOrder(url);
    }));
});

describe('webhook-inbox redact', () => {
  it('leaves no byte of the number, the texts or the bodies in the files of SQLite', () =>
    withPerson('sqlite', async (redact, url) => {
      // The index stores a term without the prefix that it shares with the term before: only one begins with this letter.
      const inIndex = (): Promise<boolean> =>
        on(url, async ({ db }) => {
          const blocks = await db.raw<{ block: Buffer }[]>('select block from message_search_data');
          return Buffer.concat(blocks.map(({ block }) => block)).includes('qua');
        });
      expect(await inIndex()).toBe(true);
      const before = await bytesOf(url);
      for (const trace of ['919876543210', SECRET_TEXT]) expect(before).toContain(trace);
      expect(JSON.parse((await redact('--yes', '--json')).stdout)).toMatchObject({ ok: true, places_left: 0 });
      const after = await bytesOf(url);
      for (const trace of ['919876543210', SECRET_TEXT, 'Quark']) expect(after).not.toContain(trace);
      await on(url, async ({ db }) => {
        await db.raw("create virtual table temp.words using fts5vocab (main, message_search, 'row')");
        expect(await db.raw("select term from temp.words where term in ('qua', 'kuc')")).toEqual([]);
      });
      expect(await inIndex()).toBe(false); // nor as marks of erased texts, which no search shows
    }));

  it("leaves nothing in PostgreSQL's planner statistics, which hold values of rows", () =>
    withPerson('postgres', async (redact, url) => {
      const columns = (): Promise<string[]> =>
        on(url, async ({ db }) => {
          const { rows } = await db.raw<{ rows: { name: string }[] }>(
            `select attname as name from pg_stats where schemaname = current_schema()
             and concat(most_common_vals, histogram_bounds) ~* '919876543210|quark' order by name`,
          );
          return rows.map(({ name }) => name);
        });
      await on(url, ({ db }) => db.raw('analyze'));
      expect(await columns()).toEqual(expect.arrayContaining(['from_msisdn', 'text', 'to_msisdn']));
      expect((await redact('--yes')).status).toBe(0);
      expect(await columns()).toEqual([]);
    }));

  it('says how many texts of other people contain the number, and keeps them', async () => {
    const { url, close } = await place('sqlite');
    try {
      await on(url, ({ add }) =>
        add([message('theirs', { from: PERSON }), message('far', { from: '+1', text: `call ${PERSON}` })]),
      );
      const redact = (...args: string[]) => cli.run(['redact', '--from', PERSON, ...args], { DATABASE_URL: url });
      for (const how of ['--dry-run', '--yes']) {
        expect(JSON.parse((await redact(how, '--json')).stdout)).toMatchObject({ mentions: 1 });
      }
      expect((await redact('--yes')).stdout).toContain('stay           1 messages of other people whose text names');
    } finally {
      await close();
    }
  });

  it.each(['--compact', '--no-compact'])(
    '%s: other numbers with the same digits, and ids, are nothing that is left',
    async (how) => {
      const { url, close } = await place('sqlite');
      const other = (id: string, from: string): NewUpdate => ({
        ...message(id, { from, to: '+15550002', text: `I am ${from}` }),
        payload: { mediaType: 'application/json', body: Buffer.from(JSON.stringify({ id, from })) },
      });
      try {
        await on(url, ({ add }) =>
          add([
            other('theirs', VICTIM),
            other('longer', `${VICTIM}9`),
            other('9', '+914155550100'),
            other(`id-${VICTIM.slice(1)}`, '+15550001'),
          ]),
        );
        const args = ['redact', '--from', VICTIM, '--yes', ...(how === '--compact' ? [] : [how])];
        for (let again = 0; again < 2; again++) {
          const { status, stdout } = await cli.run([...args, '--json'], { DATABASE_URL: url });
          // The id in its row, its three indexes and its body.
          expect([status, JSON.parse(stdout)]).toMatchObject([0, { places_left: 0, places_kept: 5 }]);
        }
        expect((await cli.run(args, { DATABASE_URL: url })).stdout).toContain('left           nothing\nkept  ');
      } finally {
        await close();
      }
    },
  );

  it('asks for confirmation, and refuses without a terminal', async () => {
    const refused = await cli.run(['redact', '--from', PERSON], { DATABASE_URL: 'sqlite:///./none.db' });
    expect(refused).toEqual({
      status: 64,
      stdout: '',
      stderr: expect.stringContaining('there is no terminal to ask on'),
    });
  });

  it.each([
    ['yes\n', true],
    ['YES\n', true],
    ['y\n', false],
    ['no\n', false],
    ['\n', false],
    ['', false],
  ])('reads %j as %s', async (typed, expected) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    input.end(typed);
    expect(await agreed(input, output)).toBe(expected);
    expect(String(output.read())).toContain('Type yes');
  });

  it.each([
    ['no number', [], 'required option'],
    ['what is no number', ['--from', '14155550100'], 'phone number'],
    ['a second number', ['--from', PERSON, '+14155550100'], 'too many arguments'],
  ])('rejects %s', async (_what, args, reason) => {
    const ended = await cli.run(['redact', '--yes', ...args], { DATABASE_URL: 'sqlite:///./none.db' });
    expect(ended).toEqual({ status: 64, stdout: '', stderr: expect.stringContaining(reason) });
    expect(ended.stderr).not.toContain('14155550100');
  });
});

describe('placesInFile', () => {
  it('counts each place once, even if it spans two chunks or ends the file, and no other number', async () => {
    const at = (position: number, what: string, length: number): string =>
      ' '.repeat(position) + what + ' '.repeat(length - position - what.length);
    const digits = PERSON.slice(1);
    for (const spelt of [digits, `%2B${digits}`, `\\u002B${digits}`]) {
      for (let before = 1; before <= spelt.length + 1; before++) {
        const file = cli.file('places', at(1_048_576 - before, spelt, 1_100_000) + `9${digits} ${digits}5 x${digits}`);
        expect([before, await placesInFile(`${cli.folder}/${file}`, number(PERSON))]).toEqual([before, 2]);
      }
    }
    expect(await placesInFile(`${cli.folder}/${cli.file('none', '  ')}`, number(PERSON))).toBe(0);
  });
});
