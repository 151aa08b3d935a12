import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';
import { validationErrors, type ValidationError } from '../support/validation-errors.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

const errorsOf = async (body: unknown): Promise<readonly ValidationError[]> =>
  validationErrors(await service.webhook(body));

const kinds = (items: readonly ValidationError[]): string[] =>
  items.map(({ loc, type }) => `${loc.join('.')} ${type}`).sort();
const raw = (member: string, json: string): string =>
  JSON.stringify({ ...MESSAGE, [member]: 'HERE' }).replace('"HERE"', json);

describe('a body that is not JSON', () => {
  it.each([
    ['nothing', '', 'must not be empty'],
    ['blanks', ' \n', 'must be JSON'],
    ['a word', 'hello', 'must be JSON'],
    ['half an object', '{"message_id":', 'must be JSON'],
    ['more than one value', '{}{}', 'must be JSON'],
    ['a trailing comma', '{"message_id":"m1",}', 'must be JSON'],
    ['single quotes', "{'message_id':'m1'}", 'must be JSON'],
    ['NaN', raw('text', 'NaN'), 'must be JSON'],
    ['a line break in a string', raw('text', '"a\nb"'), 'must be JSON'],
    ['an overlong encoding', Buffer.from('{"message_id":"\xc0\xaf"}', 'latin1'), 'must be UTF-8'],
    ['a surrogate in UTF-8', Buffer.from('{"message_id":"\xed\xa0\x80"}', 'latin1'), 'must be UTF-8'],
    ['Latin-1', Buffer.from('{"text":"Gr\xfc\xdfe"}', 'latin1'), 'must be UTF-8'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'must be UTF-8'],
  ])('%s', async (_what, body, msg) => {
    expect(await errorsOf(body)).toEqual([{ loc: ['body'], msg, type: 'json_invalid' }]);
  });
});

describe('JSON that is not an object', () => {
  it.each(['null', 'true', '0', '1', '[]', '[{}]', '""', '"private words"', JSON.stringify(JSON.stringify(MESSAGE))])(
    '%s',
    async (body) => {
      const errors = await errorsOf(body);
      expect(kinds(errors)).toEqual(['body object_type']);
      expect(JSON.stringify(errors)).not.toContain('private words');
    },
  );

  it('a member __proto__ does not stand for the message', async () => {
    expect(kinds(await errorsOf(`{"__proto__":${JSON.stringify(MESSAGE)}}`))).toHaveLength(4);
  });
});

describe('all errors are listed', () => {
  it('missing members', async () => {
    expect(await errorsOf({})).toEqual(
      ['message_id', 'from', 'to', 'ts'].map((name) => ({
        loc: ['body', name],
        msg: 'field required',
        type: 'missing',
      })),
    );
  });

  it('wrong types', async () => {
    expect(kinds(await errorsOf({ message_id: 5, from: null, to: [], ts: {}, text: true }))).toEqual(
      ['from', 'message_id', 'text', 'to', 'ts'].map((name) => `body.${name} string_type`),
    );
  });
});

describe('one wrong member', () => {
  it.each<[string, string, string]>([
    ['message_id', '""', 'string_too_short'],
    ['message_id', JSON.stringify('a'.repeat(256)), 'string_too_long'],
    ['message_id', JSON.stringify('😀'.repeat(256)), 'string_too_long'],
    ['message_id', '"a\\u0000"', 'string_pattern_mismatch'],
    ['message_id', '"a\\n"', 'string_pattern_mismatch'],
    ['message_id', '"a\\u009f"', 'string_pattern_mismatch'],
    ['message_id', '"\\ud800"', 'value_error'],
    ['message_id', '"\\udc00\\ud800"', 'value_error'],
    ['from', '"1234567890"', 'string_pattern_mismatch'],
    ['from', '"+"', 'string_too_short'],
    ['from', '"+1234567890123456"', 'string_too_long'],
    ['from', '"+12345 67890"', 'string_pattern_mismatch'],
    ['from', '"+1234567890\\n"', 'string_pattern_mismatch'],
    ['to', '"+٣٤٥"', 'string_pattern_mismatch'],
    ['to', '"whatsapp:+1234"', 'string_pattern_mismatch'],
    ['ts', '""', 'datetime_parsing'],
    ['ts', '"2025-01-15"', 'datetime_parsing'],
    ['ts', '"2025-01-15T10:00:00"', 'datetime_parsing'],
    ['ts', '"2025-01-15 10:00:00Z"', 'datetime_parsing'],
    ['ts', '"2025-02-30T10:00:00Z"', 'datetime_parsing'],
    ['ts', '"2025-02-29T10:00:00Z"', 'datetime_parsing'],
    ['ts', '"2016-12-31T23:59:60Z"', 'datetime_parsing'],
    ['ts', '"2025-01-15T24:00:00Z"', 'datetime_parsing'],
    ['ts', '"2025-01-15T10:00:00+24:00"', 'datetime_parsing'],
    ['ts', '"0000-01-01T00:00:00+00:01"', 'datetime_parsing'],
    ['ts', '"1736935200"', 'datetime_parsing'],
    ['ts', '1736935200', 'string_type'],
    ['text', JSON.stringify('a'.repeat(4097)), 'string_too_long'],
    ['text', JSON.stringify('😀'.repeat(4097)), 'string_too_long'],
    ['text', '"a\\u0000b"', 'string_pattern_mismatch'],
    ['text', '"\\ud800"', 'value_error'],
    ['text', '"\\ude00\\ud83d"', 'value_error'],
    ['text', '{"body":"Hello"}', 'string_type'],
  ])('%s %s', async (member, json, type) => {
    const errors = await errorsOf(raw(member, json));
    expect(kinds(errors)).toEqual([`body.${member} ${type}`]);
    expect(errors[0]?.msg).not.toBe('');
  });

  it.each<[string, string]>([
    ['message_id', 'a'.repeat(255)],
    ['message_id', '😀'.repeat(255)],
    ['from', '+1'],
    ['to', '+123456789012345'],
    ['text', 'a'.repeat(4096)],
    ['text', '😀'.repeat(4096)],
  ])('does not include %s at its limit', async (member, value) => {
    const message = { ...MESSAGE, message_id: `${member} ${String(value.length)}`, [member]: value };
    expect((await service.webhook(message)).status).toBe(200);
    const kept = await service.fetch(`/messages/${encodeURIComponent(message.message_id)}`);
    expect(kept.json()).toMatchObject(message);
  });
});
