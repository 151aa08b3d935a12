import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '../../src/adapters/http/contract/types.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
  const sent: [string, string][] = [
    ['1969-12-31T23:59:59.999999Z', '+911'],
    ['1970-01-01T00:00:00Z', '+911'],
    ['2025-01-15T15:30:00+05:30', '+911'],
    ['2025-01-15T10:00:59.999999Z', '+912'],
    ['2025-01-15T10:01:00Z', '+911'],
    ['2025-01-15T12:00:00Z', '+912'],
  ];
  for (const [i, [ts, from]] of sent.entries()) await service.webhook({ ...MESSAGE, message_id: String(i), ts, from });
});

afterAll(() => service.stop());

const ask = (query: Record<string, string>) =>
  service.read(`/stats/timeseries?${new URLSearchParams(query).toString()}`);
const counts = async (query: Record<string, string>): Promise<[string, number][]> => {
  const { data } = (await ask(query)).json() as Schemas['Timeseries'];
  return data.map(({ ts, count }) => [ts, count]);
};

describe('GET /stats/timeseries', () => {
  it('counts by the minute, the hour and the day, and describes its buckets', async () => {
    const range = { since: '2025-01-15T10:00:00Z', until: '2025-01-15T10:02:00Z' };
    expect((await ask({ bucket: 'minute', ...range })).json()).toEqual({
      bucket: 'minute',
      ...range,
      data: [
        { ts: '2025-01-15T10:00:00Z', count: 2 },
        { ts: '2025-01-15T10:01:00Z', count: 1 },
      ],
    });
    expect(await counts({ since: range.since, until: '2025-01-15T13:00:00Z' })).toEqual([
      ['2025-01-15T10:00:00Z', 3],
      ['2025-01-15T11:00:00Z', 0],
      ['2025-01-15T12:00:00Z', 1],
    ]);
    expect(await counts({ bucket: 'day', since: '1969-12-31T00:00:00Z', until: '1970-01-02T00:00:00Z' })).toEqual([
      ['1969-12-31T00:00:00Z', 1],
      ['1970-01-01T00:00:00Z', 1],
    ]);
  });

  it('accepts an offset, a part of a minute, and one sender', async () => {
    const part = { bucket: 'minute', since: '2025-01-15T11:00:00.5+01:00', until: '2025-01-15T10:01:00.000001Z' };
    expect(await counts(part)).toEqual([
      ['2025-01-15T10:00:00Z', 1],
      ['2025-01-15T10:01:00Z', 1],
    ]);
    expect(await counts({ ...part, from: '+912' })).toEqual([
      ['2025-01-15T10:00:00Z', 1],
      ['2025-01-15T10:01:00Z', 0],
    ]);
  });

  it('ends now and begins two days before by default, and includes uncounted messages', async () => {
    const ts = new Date().toISOString();
    await service.webhook({ ...MESSAGE, message_id: 'now', ts });
    const { bucket, data } = (await ask({})).json() as Schemas['Timeseries'];
    expect([bucket, data.reduce((sum, { count }) => sum + count, 0)]).toEqual(['hour', 1]);
    expect([48, 47]).toContain(data.length);
  });

  it.each<[Record<string, string>, string, string]>([
    [{ bucket: 'week' }, 'bucket', 'enum'],
    [{ since: '2025-02-30T00:00:00Z' }, 'since', 'datetime_parsing'],
    [{ since: '2025-01-15T00:00:00Z', until: '2025-01-15T00:00:00Z' }, 'since', 'value_error'],
    [{ since: '9999-01-01T00:00:00Z' }, 'since', 'value_error'],
    [{ until: '0000-01-01T00:00:00Z' }, 'until', 'value_error'],
    [{ bucket: 'minute', since: '2025-01-15T00:00:00Z', until: '2025-01-16T01:00:01Z' }, 'since', 'value_error'],
    [{ from: 'me' }, 'from', 'string_pattern_mismatch'],
  ])('%j is a 422 that names it', async (query, name, type) => {
    const answer = await ask(query);
    expect([answer.status, answer.json()]).toMatchObject([422, { errors: [{ loc: ['query', name], type }] }]);
  });

  it('names the limit of buckets', async () => {
    const { errors } = (await ask({ bucket: 'minute', since: '2020-01-01T00:00:00Z' })).json() as {
      errors: { msg: string }[];
    };
    expect(errors[0]?.msg).toBe('the range has more than 1500 buckets: take a longer bucket or a shorter range');
  });
});
