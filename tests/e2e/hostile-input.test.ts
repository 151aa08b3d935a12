import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { idCharacters, oneOf } from '../support/arbitraries.ts';
import { sign } from '../support/http-client.ts';
import { SECRET, startService, type RunningService } from '../support/service.ts';
import { on } from '../support/stores.ts';

/** Text that breaks out of SQL, patterns, JSON, a log line, a terminal or a template if anything lets it. */
const FRAGMENTS = [
  ...["'", '"', '`', "''", "\\'", ';', '--', '/*', '*/', '#', '$$', '$1', '?', ':name', '??', '@x', ')', '('],
  ..."'; drop table messages; --|' or '1'='1|') union select 1,2,3--|\\'; delete from messages where ''='|$tag$".split(
    '|',
  ),
  ...['%', '_', '\\', '\\%', '%%', '*', '^', '[a-z]', '{a}', 'NEAR(', '"a" OR "b"', 'col:', 'a*', '-b'],
  ...['${1+1}', '#{7*7}', '{{7*7}}', '%s', '%o', '%d', '%n', '<script>', '&amp;', '../..', '$(id)', '`id`', '| id'],
  ...['"}', '{"', '"},{"level":"ERROR"', '\\u0000', '\\n', '\\"', '[', 'null', 'true', '1e999', '-0'],
  ...['\u2028', '\u2029', '\u202E', '\u2066', '\uFEFF', '\u200B', '\u{E0001}', '\uFFFD', '\uFFFE', 'é', 'e\u0301'],
];
/** Characters that a text may hold, but no id. */
const CONTROLS = [
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\t',
  '\u001B[2J',
  '\u001B]0;x\u0007',
  '\u009B31m',
  '\u0085',
  '\b',
  '\u007F',
];

const hostile = (fragments: readonly string[], unit: fc.Arbitrary<string>) =>
  fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...fragments) }, { weight: 1, arbitrary: unit }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
const ids = hostile(FRAGMENTS, idCharacters);
const texts = hostile([...FRAGMENTS, ...CONTROLS], oneOf('aAeE\n'));

const RUNS = 100;
let service: RunningService;
let schema: unknown;

beforeAll(async () => {
  service = await startService({ LOG_LEVEL: 'DEBUG' });
  schema = await schemaOf();
  expect(JSON.stringify(schema)).toContain('"messages"');
});

afterAll(() => service.stop());

/** Everything in the database that is not a row: what an injected statement would change. */
const schemaOf = (): Promise<unknown> =>
  on(service.databaseUrl, async ({ db }): Promise<unknown> => {
    if (service.databaseUrl.startsWith('sqlite'))
      return db('sqlite_schema').select('type', 'name', 'sql').orderBy(['type', 'name']);
    return db('information_schema.columns')
      .select('table_name', 'column_name', 'data_type')
      .where('table_schema', 'public')
      .orderBy(['table_name', 'column_name']);
  });

interface Stats {
  readonly total_messages: number;
  readonly senders_count: number;
}
const stats = async (): Promise<Stats> => (await service.fetch('/stats')).json() as Stats;

const query = (parameters: Readonly<Record<string, string>>): string => new URLSearchParams(parameters).toString();

describe('hostile words', () => {
  it('are stored, found and returned unchanged', async () => {
    let stored = (await stats()).total_messages;
    await fc.assert(
      fc.asyncProperty(fc.oneof(ids, fc.constantFrom('.', '..')), texts, async (id, text) => {
        const message = { message_id: id, from: '+31', to: '+32', ts: '2025-01-15T10:00:00Z', text };
        const answer = await service.webhook(message);
        expect(answer.status).toBe(200);
        const outcome = answer.headers.get('x-message-result');
        if (outcome === 'conflict') return; // an earlier message has the same id and other words
        if (outcome === 'created') stored++;

        // Not by fetch, which resolves `.` and `..` as folders, escaped or not (https://url.spec.whatwg.org/#path-state).
        const one = await service.stream({ path: `/messages/${encodeURIComponent(id)}` });
        expect(one.json()).toMatchObject(message);
        const raw = await service.stream({ path: `/messages/${encodeURIComponent(id)}/raw` });
        expect(raw.body).toBe(JSON.stringify(message));
        const found = (await service.fetch(`/messages?${query({ q: text, limit: '100' })}`)).json() as {
          data: { message_id: string; text: string }[];
        };
        expect(found.data).toContainEqual(expect.objectContaining({ message_id: id, text }));
        // As plain characters: what is found contains the search term literally, except for its case.
        for (const { text: other } of found.data) expect(other.toLowerCase()).toContain(text.toLowerCase());
        const logged = await service.log.requestWith(answer.headers.get('x-request-id'));
        expect(logged).toMatchObject({ message_id: id, status: 200 });
      }),
      // Each fragment once for certain, then random combinations.
      { examples: FRAGMENTS.map((fragment) => [fragment, fragment]), numRuns: FRAGMENTS.length + RUNS },
    );
    expect((await stats()).total_messages).toBe(stored);
    expect(await schemaOf()).toEqual(schema);
  });

  it('are rejected where a format is required, and change nothing', async () => {
    const before = await stats();
    await fc.assert(
      fc.asyncProperty(texts, async (words) => {
        fc.pre(words !== '-0'); // a number, and 0
        const message = { message_id: 'm', from: '+31', to: '+32', ts: '2025-01-15T10:00:00Z', text: 'x' };
        for (const field of ['from', 'to', 'ts']) {
          const answer = await service.webhook({ ...message, [field]: words });
          expect([field, answer.status]).toEqual([field, 422]);
          expect(answer.body).not.toMatch(/sql|syntax|sqlite|relation|column/i);
        }
        const parameters = ['from', 'since', 'until', 'limit', 'offset', 'cursor'];
        for (const name of parameters) {
          const { status } = await service.fetch(`/messages?${query({ [name]: words })}`);
          expect([name, status]).toEqual([name, 422]);
        }
        for (const name of ['reason', 'cursor']) {
          const { status } = await service.fetch(`/rejections?${query({ [name]: words })}`);
          expect([name, status]).toEqual([name, 422]);
        }
      }),
      { numRuns: RUNS / 4 },
    );
    expect(await stats()).toEqual(before);
    expect(await schemaOf()).toEqual(schema);
  });

  it('in a well-formed cursor name a position and nothing else', async () => {
    await service.webhook({ message_id: 'a', from: '+31', to: '+32', ts: '2025-01-15T10:00:00Z' });
    await service.webhook({ message_id: 'b', from: '+31', to: '+32', ts: '2025-01-15T10:00:00Z' });
    const page = (await service.fetch('/messages?limit=1')).json() as { next_cursor: string };
    const [ts, , ...rest] = JSON.parse(Buffer.from(page.next_cursor, 'base64url').toString()) as string[];
    await fc.assert(
      fc.asyncProperty(ids, async (id) => {
        const cursor = Buffer.from(JSON.stringify([ts, id, ...rest])).toString('base64url');
        expect((await service.fetch(`/messages?${query({ cursor })}`)).status).toBe(200);
      }),
      { numRuns: RUNS / 4 },
    );
  });

  it('in headers are rejected or ignored, byte by byte', async () => {
    const body = JSON.stringify({ message_id: 'headers', from: '+31', to: '+32', ts: '2025-01-15T10:00:00Z' });
    const names = [
      'X-Request-ID',
      'traceparent',
      'User-Agent',
      'Accept',
      'If-None-Match',
      'X-Signature',
      'X-Other',
      'Cookie',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), texts, async (name, words) => {
        const signature = name === 'X-Signature' ? '' : `X-Signature: ${sign(SECRET, body)}\r\n`;
        const head =
          `POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n` +
          `${signature}Content-Length: ${String(body.length)}\r\n${name}: ${words.replaceAll(/[\r\n]/g, '\u000B')}\r\n`;
        const { status, headers } = await service.raw(Buffer.from(`${head}\r\n${body}`));
        expect(name === 'X-Signature' ? [400, 401] : [200, 400]).toContain(status);
        expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the log', () => {
  it('stays one JSON object per line for any reader', () => {
    // LogLines has parsed every line. Python's splitlines, JavaScript's source and terminals know more line ends, and
    // orders to turn the text around.
    const lines = service.log.text.split('\n').slice(0, -1);
    expect(lines.length).toBe(service.log.records.length);
    expect(lines.length).toBeGreaterThan(RUNS);
    expect(lines.filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line))).toEqual([]);
    expect(service.log.text).toContain('\\u2028');
    expect(service.log.records.filter(({ level }) => level !== 'INFO')).toEqual([]);
  });
});
