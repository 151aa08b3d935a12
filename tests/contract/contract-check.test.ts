import { describe, expect, it } from '@jest/globals';
import { contractFaults, HELMET_HEADERS, type Answer } from '../support/contract-check.ts';

/** Tests the check that judges all other answers: it must pass correct answers and name the faults of wrong ones. */

const GIVEN = {
  'x-request-id': 'id',
  'cache-control': 'no-store',
  ...Object.fromEntries(HELMET_HEADERS.map((name) => [name, 'x'])),
};

function answer(status: number, body: unknown, headers: Readonly<Record<string, string | undefined>> = {}): Answer {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  const all: Record<string, string | undefined> = { ...GIVEN, 'content-type': type, ...headers };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { status, headers: new Headers(kept), body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const problem = (status: number, type: string, more: object = {}): object => ({
  type: `/problems/${type}`,
  title: 'title',
  status,
  detail: 'detail',
  instance: 'id',
  ...more,
});

const MESSAGE = { message_id: 'm1', from: '+1', to: '+2', ts: '2025-01-15T10:00:00Z', text: null };
const LIST = { data: [MESSAGE], total: 1, limit: 50, offset: 0, next_cursor: null };
const STATS = {
  total_messages: 0,
  senders_count: 0,
  messages_per_sender: [],
  first_message_ts: null,
  last_message_ts: null,
};
const ORIGIN = 'https://app.example.com';
const READ = { 'access-control-allow-origin': ORIGIN, 'access-control-expose-headers': 'ETag', vary: 'Origin' };
const PREFLIGHT = {
  'access-control-allow-origin': ORIGIN,
  'access-control-allow-methods': 'GET,HEAD',
  'access-control-allow-headers': 'Authorization',
  'access-control-max-age': '600',
  'cache-control': undefined,
  vary: 'Origin',
  'content-type': undefined,
};
const DETAIL = { provider: 'webhook', type: 'text', status: null, received_at: '2025-01-15T10:00:01Z', trace_id: null };
const error = { loc: ['query', 'limit'], msg: 'no', type: 'no' };

describe('passes', () => {
  it.each<[string, string, Answer]>([
    ['GET', '/messages?limit=1', answer(200, LIST)],
    ['GET', '/messages/a%2Fb', answer(200, { ...MESSAGE, ...DETAIL })],
    ['GET', '/messages', answer(422, problem(422, 'validation-error', { errors: [error] }))],
    ['GET', '/stats', answer(200, STATS, { etag: '"1b2m2y8asgtpgamy7phcfg"' })],
    ['GET', '/stats', answer(304, '', { etag: '"1b2m2y8asgtpgamy7phcfg"', 'content-type': undefined })],
    ['HEAD', '/stats', answer(200, '', { etag: '"1b2m2y8asgtpgamy7phcfg"', 'content-length': '99' })],
    ['GET', '/metrics', answer(200, 'up 1\n', { 'content-type': 'text/plain; version=0.0.4' })],
    ['GET', '/nothing', answer(404, problem(404, 'not-found'))],
    ['PUT', '/messages', answer(405, problem(405, 'method-not-allowed'), { allow: 'HEAD, GET' })],
    ['POST', '/webhook', answer(503, problem(503, 'unavailable'), { 'retry-after': '60' })],
    ['GET', '/messages', answer(429, problem(429, 'too-many-requests'), { 'retry-after': '60' })],
    ['GET', '/messages', answer(200, LIST, READ)],
    ['GET', '/messages', answer(200, LIST, { vary: 'Origin' })],
    ['GET', '/nothing', answer(404, problem(404, 'not-found'), READ)],
    ['OPTIONS', '/messages', answer(204, '', PREFLIGHT)],
    ['OPTIONS', '/messages', answer(405, problem(405, 'method-not-allowed'), { allow: 'GET, HEAD', vary: 'Origin' })],
  ])('%s %s %#', (method, path, given) => {
    expect(contractFaults(method, path, given)).toEqual([]);
  });
});

describe('names', () => {
  it.each<[string, string, string, Answer]>([
    ['this status is not declared', 'GET', '/health/live', answer(204, '', { 'content-type': undefined })],
    ['this status is not declared', 'GET', '/messages', answer(304, '', { 'content-type': undefined })],
    ['header X-Request-ID is missing', 'GET', '/messages', answer(200, LIST, { 'x-request-id': undefined })],
    ['header X-Request-ID must match pattern', 'GET', '/messages', answer(200, LIST, { 'x-request-id': 'a b' })],
    ['header x-frame-options is missing', 'GET', '/messages', answer(200, LIST, { 'x-frame-options': undefined })],
    ['header x-powered-by is not declared', 'GET', '/messages', answer(200, LIST, { 'x-powered-by': 'x' })],
    ['header ETag is missing', 'GET', '/stats', answer(200, STATS)],
    [
      'header X-Message-Result must be equal',
      'POST',
      '/webhook',
      answer(200, { status: 'ok' }, { 'x-message-result': 'x' }),
    ],
    [
      'header Retry-After must be integer',
      'GET',
      '/stats',
      answer(503, problem(503, 'unavailable'), { 'retry-after': 'soon' }),
    ],
    [
      'header Retry-After must be >= 1',
      'GET',
      '/stats',
      answer(503, problem(503, 'unavailable'), { 'retry-after': '0' }),
    ],
    ['text/plain is not declared', 'GET', '/messages', answer(200, LIST, { 'content-type': 'text/plain' })],
    ['body is not there, or not JSON', 'GET', '/messages', answer(200, '{')],
    ['body/limit must be integer', 'GET', '/messages', answer(200, { ...LIST, limit: '50' })],
    ["body must have required property 'total'", 'GET', '/messages', answer(200, { ...LIST, total: undefined })],
    [
      'body/data/0 must NOT have additional properties',
      'GET',
      '/messages',
      answer(200, { ...LIST, data: [{ ...MESSAGE, id: 1 }] }),
    ],
    ['body/ts must match pattern', 'GET', '/messages/m1', answer(200, { ...MESSAGE, ts: '2025-01-15T10:00:00.10Z' })],
    ['body/ts must match format', 'GET', '/messages/m1', answer(200, { ...MESSAGE, ts: '2025-02-30T10:00:00Z' })],
    ['body/message_id must match format', 'GET', '/messages/m1', answer(200, { ...MESSAGE, message_id: '\ud800' })],
    ["body must have required property 'errors'", 'GET', '/messages', answer(422, problem(422, 'validation-error'))],
    [
      'body must NOT have additional properties',
      'GET',
      '/messages',
      answer(500, problem(500, 'internal-error', { stack: '' })),
    ],
    ['the problem has another status', 'GET', '/messages', answer(500, problem(501, 'internal-error'))],
    [
      'instance is not the request id',
      'GET',
      '/messages',
      answer(500, problem(500, 'internal-error', { instance: 'x' })),
    ],
    ['it has a body', 'HEAD', '/health/live', answer(200, { status: 'alive' })],
    [
      'it has a body',
      'GET',
      '/stats',
      answer(304, 'x', { etag: '"1b2m2y8asgtpgamy7phcfg"', 'content-type': undefined }),
    ],
    ['Content-Length is not that of the body', 'GET', '/messages', answer(200, LIST, { 'content-length': '5' })],
    ['a path that is not in the contract is a 404', 'GET', '/messages/', answer(200, LIST)],
    ['the problem is not /problems/not-found', 'GET', '/nothing', answer(404, problem(404, 'internal-error'))],
    ['it is not a problem+json', 'GET', '/nothing', answer(404, 'Not Found', { 'content-type': 'text/plain' })],
    ['a method that is not in the contract is a 405', 'POST', '/messages', answer(404, problem(404, 'not-found'))],
    ['Allow is GET', 'POST', '/messages', answer(405, problem(405, 'method-not-allowed'), { allow: 'GET' })],
    ['this status is not declared', 'GET', '/health/live', answer(429, problem(429, 'too-many-requests'))],
    ['* is not an origin', 'GET', '/messages', answer(200, LIST, { ...READ, 'access-control-allow-origin': '*' })],
    ['Vary is not Origin', 'GET', '/messages', answer(200, LIST, { ...READ, vary: undefined })],
    [
      'header access-control-allow-credentials is not declared',
      'GET',
      '/nothing',
      answer(404, problem(404, 'not-found'), { ...READ, 'access-control-allow-credentials': 'true' }),
    ],
    [
      'header access-control-expose-headers without an allowed origin',
      'GET',
      '/messages',
      answer(200, LIST, { ...READ, 'access-control-allow-origin': undefined }),
    ],
    ['a method that is not in the contract is a 405', 'OPTIONS', '/webhook', answer(204, '', PREFLIGHT)],
    [
      'a preflight allows GET and HEAD',
      'OPTIONS',
      '/stats',
      answer(204, '', { ...PREFLIGHT, 'access-control-allow-methods': 'GET,HEAD,POST' }),
    ],
    [
      'header access-control-max-age is missing',
      'OPTIONS',
      '/stats',
      answer(204, '', { ...PREFLIGHT, 'access-control-max-age': undefined }),
    ],
  ])('%s: %s %s', (fault, method, path, given) => {
    expect(contractFaults(method, path, given).join('\n')).toContain(fault);
  });
});
