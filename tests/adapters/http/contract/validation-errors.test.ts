import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { invalid } from '../../../../src/adapters/http/problem.ts';
import { validationErrorItems } from '../../../../src/adapters/http/contract/validation-errors.ts';

const ajv = new Ajv({ allErrors: true, formats: { 'date-time': () => false, 'message-id': () => false } });

/** The errors of one value in one part of a request, judged by one schema. */
function itemsFor(place: string, name: string, schema: object, value: unknown) {
  const root = { type: 'object', properties: { [place]: { type: 'object', properties: { [name]: schema } } } };
  const validate = ajv.compile(root);
  const input = { [place]: { [name]: value } };
  validate(input);
  return validationErrorItems(validate.errors ?? [], input);
}

describe('an error', () => {
  it.each<[object, unknown, string, string]>([
    [{ type: 'string' }, 1, 'must be string', 'string_type'],
    [{ type: 'integer' }, 'x', 'must be integer', 'integer_type'],
    [{ type: 'integer', minimum: 1 }, 0, 'must be >= 1', 'greater_than_equal'],
    [{ type: 'integer', maximum: 100 }, 101, 'must be <= 100', 'less_than_equal'],
    [{ type: 'string', minLength: 2 }, 'a', 'must NOT have fewer than 2 characters', 'string_too_short'],
    [{ type: 'string', maxLength: 1 }, 'ab', 'must NOT have more than 1 characters', 'string_too_long'],
    [{ type: 'string', pattern: '^b$' }, 'a', 'must match pattern "^b$"', 'string_pattern_mismatch'],
    [
      { type: 'string', pattern: '^\\+[0-9]{1,15}$' },
      'a',
      'must be a phone number: + and 1 to 15 digits',
      'string_pattern_mismatch',
    ],
    [{ enum: ['a'] }, 'b', 'must be one of a', 'enum'],
    [{ const: 1 }, 2, 'must be equal to constant', 'value_error'],
    [
      { type: 'string', format: 'date-time' },
      'x',
      'must be an RFC 3339 date-time that exists, with Z or an offset',
      'datetime_parsing',
    ],
  ])('of %j has the words of FastAPI', (schema, value, msg, type) => {
    expect(itemsFor('query', 'name', schema, value)).toEqual([{ loc: ['query', 'name'], msg, type }]);
  });

  it('of a parameter that was given twice says so, whatever its type is', () => {
    for (const schema of [{ type: 'string' }, { type: 'integer' }, { type: 'string', enum: ['a', 'b'] }]) {
      const [item] = itemsFor('query', 'name', schema, ['a', 'b']);
      expect(item?.msg).toBe('was given 2 times: give it once');
    }
  });

  it('of a missing member is at the place of the member', () => {
    const validate = ajv.compile({
      type: 'object',
      properties: { requestBody: { type: 'object', required: ['from'] } },
    });
    validate({ requestBody: {} });
    expect(validationErrorItems(validate.errors ?? [], {})).toEqual([
      { loc: ['body', 'from'], msg: 'field required', type: 'missing' },
    ]);
  });

  it('is reported once per place, however many faults are there', () => {
    const schema = { type: 'string', minLength: 3, pattern: '^x', format: 'message-id' };
    expect(itemsFor('requestBody', 'id', schema, 'a')).toHaveLength(1);
  });

  it('of a plus sign that was not escaped says so, but only in a query', () => {
    const schema = { type: 'string', format: 'date-time' };
    const value = '2025-01-15T15:30:00 05:30';
    expect(itemsFor('query', 'since', schema, value)[0]?.msg).toContain('%2B');
    expect(itemsFor('requestBody', 'ts', schema, value)[0]?.msg).not.toContain('%2B');
    expect(itemsFor('query', 'q', { type: 'string', maxLength: 3 }, 'a b c')[0]?.msg).not.toContain('%2B');
  });

  it('never contains the value, and stays within the limits of the contract', () => {
    const names = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('a/b', '~', '~1', '__proto__', 'x'.repeat(300)),
    );
    const schemas = fc.constantFrom<object>({ type: 'integer' }, { type: 'string', pattern: `^${'y'.repeat(400)}$` });
    fc.assert(
      fc.property(names, schemas, fc.string({ minLength: 12 }), (name, schema, value) => {
        fc.pre(name !== '__proto__' && !name.includes(value));
        for (const { loc, msg, type } of itemsFor('query', name, schema, value)) {
          expect(loc).toEqual(['query', name.slice(0, 255)]);
          expect(msg).not.toContain(value);
          expect([msg.length <= 256, type.length <= 64]).toEqual([true, true]);
        }
      }),
    );
  });
});

describe('a 422', () => {
  it('lists up to 20 errors', () => {
    const items = Array.from({ length: 25 }, (_item, i) => ({ loc: ['body', String(i)], msg: 'no', type: 'no' }));
    const { status, errors } = invalid(...items).body('id');
    expect([status, errors]).toEqual([422, items.slice(0, 20)]);
  });
});
