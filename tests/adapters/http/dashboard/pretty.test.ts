import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pretty } from '../../../../src/adapters/http/browser/dashboard/pretty.js';

const JSON_TYPE = 'application/json; charset=utf-8';

describe('a formatted body', () => {
  it('has the layout of JSON.stringify, from any amount of whitespace', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        // Empty ones are equal in one line.
        expect(pretty(JSON.stringify(value, null, indent), JSON_TYPE)).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('keeps what parsing to values would lose', () => {
    const body = '{"id":12345678901234567890,"n":1.0,"n":1e2,"s":"\\u0041 : , {}"}';
    expect(pretty(body, JSON_TYPE)).toBe(
      '{\n  "id": 12345678901234567890,\n  "n": 1.0,\n  "n": 1e2,\n  "s": "\\u0041 : , {}"\n}',
    );
  });

  it('is readable at any depth', () => {
    const body = '['.repeat(50_000) + ']'.repeat(50_000);
    const lines = pretty(body, JSON_TYPE);
    expect(lines.replaceAll(/\s/g, '')).toBe(body);
    expect(lines.length).toBeLessThan(50 * body.length);
  });

  it('has a line for each parameter of a form', () => {
    expect(pretty('From=%2B1&Body=a+b', 'application/x-www-form-urlencoded')).toBe('From=%2B1&\nBody=a+b');
  });

  it('is unchanged if it is something else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        expect(pretty(`{${body}`, JSON_TYPE).replace(/\s/g, '')).toBe(`{${body}`.replace(/\s/g, ''));
      }),
    );
    expect(pretty('{"a":', JSON_TYPE)).toBe('{"a":');
  });
});
