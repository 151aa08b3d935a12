import { expect, it } from '@jest/globals';
import { translatingErrors } from '../../../../src/adapters/persistence/postgres/errors.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';

const failure = (thrown: unknown): Promise<unknown> =>
  translatingErrors(() => Promise.reject(thrown as Error)).then(
    () => 'no failure',
    (error: unknown) => error,
  );
const coded = (code: unknown) => Object.assign(new Error('insert … values (+14155550100)'), { code });

it.each([
  ...['08006', '28000', '28P01', '3D000', '53100', '53300', '57014', '57P01', '57P03', '58030', 'XX001', '25006'],
  ...['25P03', '25P04', '40001', '40P01', '55P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
])('%s becomes StoreUnavailable, and its message contains nothing else', async (code) => {
  const cause = coded(code);
  expect(await failure(cause)).toMatchObject({ name: 'StoreUnavailable', message: `database: ${code}`, cause });
});

it.each([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Query read timeout',
  'timeout expired',
  'Client has encountered a connection error and is not queryable',
])('"%s" becomes StoreUnavailable, even if Knex put the statement before it', async (text) => {
  for (const before of ['', 'select "text" from "messages" where "message_id" = $1 - ', 'BEGIN; - ']) {
    expect(await failure(new Error(before + text))).toMatchObject({
      name: 'StoreUnavailable',
      message: `database: ${text}`,
    });
  }
});

it('if all addresses of a host fail, the first error gives the reason', async () => {
  const error = await failure(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]));
  expect(error).toMatchObject({ name: 'StoreUnavailable', message: 'database: ECONNREFUSED' });
});

it.each<[string, unknown]>([
  ['a broken constraint', coded('23502')],
  ['a missing table', coded('42P01')],
  ['no permission', coded('42501')],
  ['a transaction that has failed already', coded('25P02')],
  ['a code that is a number', coded(57014)],
  ['a code that only ends like one', coded('42_57014')],
  ['a mistake in the program', new TypeError('not a function')],
  ['a text that only begins like one', new Error('Query read timeout of another kind')],
  ['several faults of ours', new AggregateError([coded('42P01')])],
  ['no address at all', new AggregateError([])],
  ['a text', 'ECONNREFUSED'],
  ['nothing', undefined],
  ['null', null],
  ['a StoreUnavailable', new StoreUnavailable('too many', { retryAfterSeconds: 9 })],
])('%s passes unchanged', async (_what, thrown) => {
  expect(await failure(thrown)).toBe(thrown);
});
