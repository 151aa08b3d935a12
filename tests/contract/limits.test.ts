import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor } from '../../src/adapters/http/operations/messages/cursor.ts';
import { Problem } from '../../src/adapters/http/problem.ts';
import { MAX_BUCKETS } from '../../src/application/query/compute-timeseries.ts';
import { isMsisdn, MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH, newMessage } from '../../src/domain/message.ts';
import { TOP_SENDERS } from '../../src/domain/stats.ts';
import { parseTimestamp, timestamp } from '../../src/domain/timestamp.ts';
import { readConfig } from '../../src/infrastructure/config/config.ts';
import { contract, contractYaml, type Node } from '../support/contract-check.ts';

/** The limits in the contract and those in the code are written separately: they must agree here. */

const schemas = (contract['components'] as Record<string, Record<string, Node>>)['schemas'] ?? {};
const at = (...path: string[]): unknown =>
  path.reduce<unknown>((node, key) => (node as Node | undefined)?.[key], contract);
const property = (schema: string, name: string): Node =>
  (schemas[schema]?.['properties'] as Record<string, Node>)[name] ?? {};
const parameters = at('paths', '/messages', 'get', 'parameters') as {
  name?: string;
  schema?: Node;
  example?: string;
}[];
const parameter = (wanted: string) => parameters.find(({ name }) => name === wanted);

describe('the contract and the domain agree on', () => {
  it('how many buckets a time series has', () => {
    expect(property('Timeseries', 'data')['maxItems']).toBe(MAX_BUCKETS);
    expect(MAX_BUCKETS).toBe(1_500);
  });

  it('the length of an id and of a text', () => {
    expect(schemas['MessageId']).toMatchObject({ minLength: 1, maxLength: MAX_MESSAGE_ID_LENGTH });
    expect(property('IngestRequest', 'text')['maxLength']).toBe(MAX_TEXT_LENGTH);
    expect(property('Message', 'text')['maxLength']).toBe(MAX_TEXT_LENGTH);
    expect([MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH]).toEqual([255, 4096]);
  });

  it('the number of senders in the statistics', () => {
    expect(property('Stats', 'messages_per_sender')['maxItems']).toBe(TOP_SENDERS);
    expect(TOP_SENDERS).toBe(10);
  });

  it('the form of a number', () => {
    const { pattern, minLength, maxLength } = schemas['PhoneNumber'] as {
      pattern: string;
      minLength: number;
      maxLength: number;
    };
    for (const text of ['+', '+1', '+0', '1', '+1a', '+123456789012345', '+1234567890123456', '', '+1\n', '+٣']) {
      const fits = new RegExp(pattern, 'u').test(text) && text.length >= minLength && text.length <= maxLength;
      expect([text, fits]).toEqual([text, isMsisdn(text)]);
    }
  });

  it('the length of the longest instant', () => {
    const longest = `2025-01-15T10:00:00.${'1'.repeat(32)}+00:00`;
    expect(parseTimestamp(longest)).not.toBeNull();
    expect(schemas['DateTime']?.['maxLength']).toBeGreaterThanOrEqual(longest.length);
    expect(schemas['UtcDateTime']?.['maxLength']).toBe('2025-01-15T10:00:00.123456Z'.length);
  });
});

describe('the contract and the server agree on', () => {
  it('the limits of a page', () => {
    expect(parameter('limit')?.schema).toMatchObject({ minimum: 1, maximum: 100, default: 50 });
    expect(parameter('offset')?.schema).toMatchObject({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 });
    expect(property('MessageList', 'data')['maxItems']).toBe(100);
    expect(property('MessageList', 'limit')).toMatchObject({ minimum: 1, maximum: 100 });
    expect(parameter('q')?.schema).toMatchObject({ minLength: 1, maxLength: 256 });
  });

  it('the size of a body', () => {
    const { maxBodyBytes } = readConfig({});
    expect(maxBodyBytes).toBe(3 * 1_024 * 1_024);
    expect(at('paths', '/webhook', 'post', 'requestBody', 'description')).toContain('3 MiB');
    const example = at('components', 'responses', 'ContentTooLarge', 'content', 'application/problem+json', 'examples');
    expect(JSON.stringify(example)).toContain(`${String(maxBodyBytes)} bytes`);
  });

  it('the length of the longest cursor', () => {
    const position = newMessage({
      messageId: '😀'.repeat(255),
      from: '+1',
      to: '+1',
      sentAt: timestamp('2025-01-15T10:00:00.123456Z'),
      text: null,
    });
    const { length } = encodeCursor(position, { contains: 'x' });
    expect(parameter('cursor')?.schema?.['maxLength']).toBeGreaterThanOrEqual(length);
    expect(property('MessageList', 'next_cursor')['maxLength']).toBeGreaterThanOrEqual(length);
  });

  it('the form of a cursor: the examples are valid', () => {
    expect(decodeCursor(parameter('cursor')?.example ?? '', {})).not.toBeNull();
    const page = at(
      'paths',
      '/messages',
      'get',
      'responses',
      '200',
      'content',
      'application/json',
      'examples',
      'page',
      'value',
    );
    const { data, next_cursor: cursor } = page as { data: { message_id: string; ts: string }[]; next_cursor: string };
    const last = data.at(-1);
    const position = { sentAt: timestamp(last?.ts ?? ''), messageId: last?.message_id, provider: 'webhook' };
    expect(decodeCursor(cursor, {})).toEqual(position);
  });

  it('the kinds of problems', () => {
    const kinds = property('Problem', 'type')['enum'] as string[];
    for (const kind of kinds) {
      const { type, status } = new Problem(kind.replace('/problems/', '') as Problem['kind']).body('id');
      expect(type).toBe(kind);
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(contractYaml).toContain('up to 20');
    expect((schemas['ValidationProblem']?.['allOf'] as Node[])[1]).toMatchObject({
      properties: { errors: { maxItems: 20 } },
    });
  });

  it('the statuses of unreadable requests', () => {
    const { description } = contract['info'] as { description: string };
    for (const status of ['400', '408', '431']) expect(description).toContain(`**${status}**`);
  });
});
