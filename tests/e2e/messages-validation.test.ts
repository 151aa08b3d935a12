import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type RunningService } from '../support/service.ts';
import { validationErrors, type ValidationError } from '../support/validation-errors.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

const errorsOf = async (query: string): Promise<readonly ValidationError[]> =>
  validationErrors(await service.read(`/messages?${query}`));

describe('one wrong parameter', () => {
  it.each([
    ['limit=', 'integer_type'],
    ['limit=0', 'greater_than_equal'],
    ['limit=-1', 'greater_than_equal'],
    ['limit=101', 'less_than_equal'],
    ['limit=99999999999999999999', 'less_than_equal'],
    ['limit=1e1', 'integer_type'],
    ['limit=1.0', 'integer_type'],
    ['limit=0x10', 'integer_type'],
    ['limit=%2B5', 'integer_type'],
    ['limit=+5', 'integer_type'],
    ['limit=5%20', 'integer_type'],
    ['limit=abc', 'integer_type'],
    ['limit=true', 'integer_type'],
    ['limit=NaN', 'integer_type'],
    ['limit=%D9%A5', 'integer_type'],
    ['limit=10&limit=10', 'integer_type'],
    ['limit', 'integer_type'],
    ['offset=', 'integer_type'],
    ['offset=-1', 'greater_than_equal'],
    ['offset=1e3', 'integer_type'],
    ['offset=9007199254740992', 'less_than_equal'],
    ['offset=0&offset=1', 'integer_type'],
    ['cursor=', 'string_too_short'],
    ['cursor=%25', 'string_pattern_mismatch'],
    ['cursor=abc', 'value_error'],
    ['cursor=bnVsbA', 'value_error'],
    ['cursor=WyIyMDI1LTAxLTE1VDEwOjAwOjAwWiIsIm0xIl0', 'value_error'],
    [`cursor=${'a'.repeat(2_049)}`, 'string_too_long'],
    ['cursor=a&cursor=a', 'string_type'],
    ['from=', 'string_too_short'],
    ['from=919876543210', 'string_pattern_mismatch'],
    ['from=%2B1234567890123456', 'string_too_long'],
    ['from=%2B1&from=%2B2', 'string_type'],
    ['since=', 'datetime_parsing'],
    ['since=2025-01-15', 'datetime_parsing'],
    ['since=2025-01-15T10:00:00', 'datetime_parsing'],
    ['since=2025-02-30T10:00:00Z', 'datetime_parsing'],
    ['since=2016-12-31T23:59:60Z', 'datetime_parsing'],
    ['since=yesterday', 'datetime_parsing'],
    [`since=2025-01-15T10:00:00.${'0'.repeat(64)}Z`, 'string_too_long'],
    ['until=1736935200', 'datetime_parsing'],
    ['q=', 'string_too_short'],
    [`q=${'a'.repeat(257)}`, 'string_too_long'],
    [`q=${encodeURIComponent('😀'.repeat(257))}`, 'string_too_long'],
    ['q=a&q=b', 'string_type'],
  ])('%s', async (query, type) => {
    const errors = await errorsOf(query);
    expect(errors.map(({ loc, type: found }) => [...loc, found])).toEqual([['query', query.split('=', 1)[0], type]]);
    expect(errors[0]?.msg).not.toBe('');
  });
});

describe('a plus sign that was not escaped', () => {
  it.each(['since=2025-01-15T15:30:00+05:30', 'until=2025-01-15T15:30:00+05:30', 'from=+919876543210'])(
    '%s is explained',
    async (query) => {
      const [error] = await errorsOf(query);
      expect(error?.msg).toBe('holds a space: write + as %2B in a query string');
    },
  );
});

it('is explained in words for a phone number', async () => {
  const [error] = await errorsOf('from=919876543210');
  expect(error?.msg).toBe('must be a phone number: + and 1 to 15 digits');
});

describe('parameters that exclude each other', () => {
  it.each(['cursor=abc&offset=0', 'cursor=abc&offset=7'])('%s', async (query) => {
    expect(await errorsOf(query)).toEqual([
      { loc: ['query', 'cursor'], msg: 'cannot be combined with offset', type: 'value_error' },
    ]);
  });
});

describe('a range that no message can be in', () => {
  const [EARLY, LATE] = ['2025-01-15T00:00:00Z', '2025-01-16T00:00:00Z'];
  it.each(['/messages', '/stats/timeseries'])('is a mistake at %s', async (path) => {
    for (const since of [LATE, EARLY]) {
      const answer = await service.read(`${path}?since=${since}&until=${EARLY}`);
      expect([answer.status, answer.json()]).toMatchObject([
        422,
        { errors: [{ loc: ['query', 'since'], msg: expect.stringContaining('since must be before until') }] },
      ]);
    }
    expect((await service.read(`${path}?since=${EARLY}&until=${LATE}`)).status).toBe(200);
  });
});

it('names the allowed values, and says that a parameter was given twice', async () => {
  expect((await errorsOf('order=up'))[0]?.msg).toBe('must be one of asc, desc');
  for (const query of ['order=asc&order=asc', 'limit=1&limit=1', 'q=a&q=b', 'from=%2B1&from=%2B1']) {
    expect((await errorsOf(query)).map(({ msg }) => msg)).toEqual(['was given 2 times: give it once']);
  }
});

describe('all errors are listed', () => {
  it('each once, in one answer', async () => {
    const errors = await errorsOf('limit=0&offset=-1&from=x&since=x&until=x&q=&cursor=!');
    expect(errors.map(({ loc: [, name] }) => name).sort()).toEqual([
      'cursor',
      'from',
      'limit',
      'offset',
      'q',
      'since',
      'until',
    ]);
  });
});

describe('a parameter at its limit', () => {
  it.each([
    'limit=1',
    'limit=100',
    'limit=007',
    'offset=9007199254740991',
    'from=%2B123456789012345',
    `q=${encodeURIComponent('😀'.repeat(256))}`,
    'since=0000-01-01T00:00:00Z',
    'until=9999-12-31T23:59:59.999999Z',
    `since=2025-01-15T10:00:00.${'1'.repeat(32)}Z`,
  ])('%s is accepted', async (query) => {
    expect((await service.read(`/messages?${query}`)).status).toBe(200);
  });
});
