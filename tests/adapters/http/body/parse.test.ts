import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBody, parseJsonObject } from '../../../../src/adapters/http/body/parse.ts';
import type { Problem } from '../../../../src/adapters/http/problem.ts';

const problem = (kind: string): unknown => expect.objectContaining({ kind });
const thrown = (work: () => unknown): unknown => {
  try {
    return ['not thrown', work()];
  } catch (error) {
    return error;
  }
};

const JSON_ONLY = ['application/json'];
const FORM = 'application/x-www-form-urlencoded';

describe('parseBody', () => {
  it.each<IncomingHttpHeaders>([
    { 'content-type': 'application/json' },
    { 'content-type': 'APPLICATION/JSON ; Charset = "UTF-8" ' },
    { 'content-type': 'application/json; charset=utf8' },
    { 'content-type': 'application/json;charset=us-ascii; version=1' },
    { 'content-type': 'application/json;' },
    { 'content-type': 'text/json' },
    { 'content-type': 'application/vnd.api+json' },
    { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    { 'content-type': 'application/json', 'content-encoding': 'Identity' },
    { 'content-type': 'application/json', 'content-encoding': '' },
    { 'content-type': 'application/json', 'content-encoding': 'UTF-8' },
  ])('accepts %j', (headers) => {
    expect(parseBody(headers, JSON_ONLY, Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  });

  it.each<[IncomingHttpHeaders, string]>([
    [{}, 'without a Content-Type'],
    [{ 'content-type': ' ' }, 'without a Content-Type'],
    [{ 'content-type': 'text/plain' }, 'as text/plain'],
    [{ 'content-type': FORM }, `as ${FORM}`],
    [{ 'content-type': 'application/json, text/plain' }, 'as application/json, text/plain'],
    [{ 'content-type': '+json' }, 'as +json'],
    [{ 'content-type': 'application/jsonp' }, 'as application/jsonp'],
    [{ 'content-type': `text/${'x'.repeat(8_000)}` }, `as text/${'x'.repeat(95)}…`],
    [{ 'content-type': 'text/\u0001\u00e4' }, 'as text/??'],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'with gzip'],
    [{ 'content-type': 'application/json', 'content-encoding': 'identity, br' }, 'with identity, br'],
  ])('rejects %j, and says that it came %s', (headers, came) => {
    const { kind, detail } = thrown(() => parseBody(headers, JSON_ONLY, Buffer.from('{}'))) as Problem;
    expect(kind).toBe('unsupported-media-type');
    expect(detail.slice(detail.indexOf(': it came '))).toBe(`: it came ${came}`);
  });

  it('takes any parameters of JSON, because JSON has none', () => {
    const name = fc.stringMatching(/^[a-z]{1,9}$/);
    const parameter = fc.tuple(name, fc.string({ unit: 'grapheme-ascii' })).map(([key, value]) => `${key}=${value}`);
    fc.assert(
      fc.property(fc.array(parameter), (parameters) => {
        const headers = { 'content-type': ['application/json', ...parameters].join(';') };
        expect(parseBody(headers, JSON_ONLY, Buffer.from('{}'))).toEqual({});
      }),
    );
  });

  it.each([
    [`${FORM}; charset=UTF-8`, true],
    [`${FORM};charset="utf8"`, true],
    [`${FORM}; charset=iso-8859-1`, false],
    [`${FORM}; a=b; charset=utf-16`, false],
  ])('of a form, looks at the charset: %s', (type, taken) => {
    const error = thrown(() => parseBody({ 'content-type': type }, [FORM], Buffer.from('a=1')));
    if (taken) expect(error).toEqual(['not thrown', { a: '1' }]);
    else expect(error).toEqual(problem('unsupported-media-type'));
  });
});

describe('a form', () => {
  const parse = (text: string | Uint8Array) =>
    parseBody(
      { 'content-type': FORM },
      ['application/json', FORM],
      typeof text === 'string' ? Buffer.from(text) : text,
    );

  it('gives every parameter, and the first value of a repeated one', () => {
    const parameters = fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', ''), fc.string({ unit: 'binary' })));
    fc.assert(
      fc.property(parameters, (sent) => {
        const wellFormed = sent.map(([name, value]) => [name, value.toWellFormed()] as [string, string]);
        const parsed = parse(new URLSearchParams(wellFormed).toString());
        const expected = Object.groupBy(wellFormed, ([name]) => name);
        expect(Object.keys(parsed).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, pairs = []] of Object.entries(expected)) {
          expect(Object.getOwnPropertyDescriptor(parsed, name)?.value).toBe(pairs[0]?.[1]);
        }
      }),
    );
  });

  it('is distinguished from bytes that are not UTF-8, and from a type that the operation does not accept', () => {
    expect(thrown(() => parse(Uint8Array.of(0x61, 0x3d, 0xff)))).toMatchObject({ kind: 'validation-error' });
    expect(thrown(() => parseBody({ 'content-type': 'text/plain' }, [...JSON_ONLY, FORM], Buffer.from('a=b')))).toEqual(
      expect.objectContaining({
        kind: 'unsupported-media-type',
        detail: 'send the body as application/json or application/x-www-form-urlencoded: it came as text/plain',
      }),
    );
  });
});

describe('parseJsonObject', () => {
  it('returns any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parseJsonObject(Buffer.from(text)))).toBe(text);
      }),
    );
  });

  it('rejects every other value and all other bytes, and repeats none of them', () => {
    const others = fc
      .jsonValue()
      .filter((value) => typeof value !== 'object' || value === null || Array.isArray(value));
    const bodies = fc.oneof(
      others.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 20 }).filter((bytes) => bytes[0] !== 0x7b),
      fc.string({ minLength: 8 }).map((text) => Buffer.from(`{"a":${text}`)),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        const { kind, errors } = thrown(() => parseJsonObject(body)) as { kind: string; errors: { msg: string }[] };
        expect(kind).toBe('validation-error');
        expect(errors).toHaveLength(1);
        expect(errors[0]?.msg).toMatch(/^must (be UTF-8|be JSON|not be empty|be object)$/);
      }),
    );
  });
});
