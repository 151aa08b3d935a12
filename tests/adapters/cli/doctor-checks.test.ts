import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isEasyToGuess } from '../../../src/adapters/cli/doctor/secret-strength.ts';
import { commandLine, type Environment } from '../../support/command-line.ts';
import { withServer } from '../../support/local-server.ts';
import { migratedPostgresDatabase } from '../../support/postgres.ts';

const STRONG = '5d41402abc4b2a76b9719d911017c592';
const OTHER = '7d793037a0760186574b0282f2f435e7';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly status: string; readonly name: string; readonly text: string }[];
}

/** The results by the names of the checks. The database does not exist. */
async function report(environment: Environment, ...args: string[]): Promise<Record<string, string>> {
  const { stdout } = await cli.run(['doctor', '--json', ...args], environment);
  const { checks } = JSON.parse(stdout) as Report;
  return Object.fromEntries(checks.map(({ name, status, text }) => [name, `${status}: ${text}`]));
}

function withClock<T>(ahead: number, work: (url: string) => Promise<T>): Promise<T> {
  return withServer((_, response) => {
    response.setHeader('Date', new Date(Date.now() + ahead * 1_000).toUTCString());
    response.writeHead(404).end();
  }, work);
}

describe('the doctor on the configuration', () => {
  it('reports all faults, as JSON too', async () => {
    const environment = { PORT: 'x', LOG_LEVEL: 'loud' };
    const { status, stdout } = await cli.run(['doctor'], environment);
    expect(status).toBe(78);
    expect(stdout.match(/^fail {2}configuration: \w+/gm)).toEqual([
      'fail  configuration: LOG_LEVEL',
      'fail  configuration: PORT',
    ]);
    const json = await cli.run(['doctor', '--json'], environment);
    expect(json.status).toBe(78);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, checks: [{ status: 'fail' }, { status: 'fail' }] });
  });

  it('names the enabled providers', async () => {
    expect((await report({}))['providers']).toMatch(/^warn: all are disabled.*WEBHOOK_SECRET/);
    expect((await report({ TWILIO_AUTH_TOKEN: STRONG }))['providers']).toBe(
      'ok: enabled: twilio; disabled: webhook, whatsapp, standard',
    );
  });

  it('warns of guessable secrets, each by its name', async () => {
    const checks = await report({
      WEBHOOK_SECRET: 'your-secret-here',
      WHATSAPP_APP_SECRET: STRONG,
      WHATSAPP_VERIFY_TOKEN: '12345',
      STANDARD_WEBHOOK_SECRET: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
      READ_API_KEYS: `${STRONG},aaaaaaaaaaaaaaaaaaaaaaaa`,
    });
    expect(checks).toMatchObject({
      WEBHOOK_SECRET: expect.stringMatching(/^warn: easy to guess: make another/),
      WHATSAPP_APP_SECRET: 'ok: hard to guess',
      WHATSAPP_VERIFY_TOKEN: expect.stringMatching(/^warn: easy to guess/),
      STANDARD_WEBHOOK_SECRET: 'ok: a public key, which is no secret',
      READ_API_KEYS: expect.stringMatching(/^warn: 1 of 2 easy to guess/),
    });
  });

  it.each([
    ['is not used without a current one', { WEBHOOK_SECRET: '' }, /^warn: not used/],
    ['is the current one', { WEBHOOK_SECRET: OTHER }, /^warn: the same as WEBHOOK_SECRET/],
    ['has no end', { WEBHOOK_SECRET: STRONG }, /^warn: accepted without end: set WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT/],
    [
      'has expired',
      { WEBHOOK_SECRET: STRONG, WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT: '2020-01-01T00:00:00Z' },
      /^warn: expired at 2020-01-01T00:00:00Z and is refused: remove it$/,
    ],
    [
      'has an end',
      { WEBHOOK_SECRET: STRONG, WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT: '2999-01-01T00:00:00Z' },
      /^ok: accepted until 2999-01-01T00:00:00Z$/,
    ],
  ])('says that a previous secret %s', async (_what, environment, expected) => {
    const checks = await report({ WEBHOOK_SECRET_PREVIOUS: OTHER, ...environment });
    expect(checks['WEBHOOK_SECRET_PREVIOUS']).toMatch(expected);
  });

  it('warns when strangers can read', async () => {
    expect((await report({ HOST: '0.0.0.0' }))['READ_API_KEYS']).toMatch(/^warn: none, and HOST is 0\.0\.0\.0/);
    expect((await report({}))['READ_API_KEYS']).toMatch(/^ok: none/);
    expect((await report({ HOST: '0.0.0.0', READ_API_KEYS: STRONG }))['READ_API_KEYS']).toBe('ok: hard to guess');
  });
});

describe('the doctor on the database', () => {
  it('creates none if it does not exist', async () => {
    const { status, stdout } = await cli.run(['doctor']);
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^fail {2}database: .*webhook-inbox migrate latest/m)]);
    expect(readdirSync(cli.folder)).toEqual([]);
  });

  it('says that it is unreachable, without the password', async () => {
    const { status, stdout, stderr } = await cli.run(['doctor'], {
      DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/db',
    });
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(/^fail {2}database: no database answers: .*: see DATABASE_URL$/m),
    ]);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('compares clocks with PostgreSQL', async () => {
    const database = await migratedPostgresDatabase();
    try {
      const { status, stdout } = await cli.run(['doctor'], { DATABASE_URL: database.url });
      expect([status, stdout.split('\n').slice(-5)]).toEqual([
        0,
        [
          "ok    clock: agrees with the database's",
          "ok    schema: is this version's",
          'ok    counters: equal a scan of all messages',
          'ok    search index: is valid, and finds the texts of 0 random messages',
          '',
        ],
      ]);
    } finally {
      await database.close();
    }
  });
});

describe('the doctor on the clock', () => {
  it.each([
    [0, /^ok: agrees with that of 127\.0\.0\.1:\d+$/],
    [60, /^warn: is (5\d|6\d) s behind that of 127\.0\.0\.1:\d+: set it by NTP$/],
    [-60, /^warn: is (5\d|6\d) s ahead of that of/],
    [900, /^fail: is (89\d|90\d) s behind .*; Standard Webhooks are refused as stale meanwhile$/],
  ])('warns of a server that is %d s ahead', async (ahead, expected) => {
    expect((await withClock(ahead, (url) => report({}, '--url', url)))['clock']).toMatch(expected);
  });

  it('says that there is no server', async () => {
    expect((await report({}, '--url', 'http://127.0.0.1:1'))['clock']).toMatch(/^fail: nothing answers/);
  });
});

describe('a secret', () => {
  it.each(['', 'testsecret', 'your-secret-here', 'a'.repeat(64), 'abcabcabcabcabcabcabcabc', `${STRONG}password`])(
    'such as %j is easy to guess',
    (secret) => {
      expect(isEasyToGuess(secret)).toBe(true);
    },
  );

  it.each([STRONG, OTHER, 'q7Rk2mXv9TzLw4Bn8HdY', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
    'such as %j is not',
    (secret) => {
      expect(isEasyToGuess(secret)).toBe(false);
    },
  );
});
