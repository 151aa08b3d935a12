import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SecurityCheck } from '../../../src/adapters/http/auth/checks.ts';
import { loadOpenapiDocument, type OpenapiDocument } from '../../../src/adapters/http/contract/document.ts';
import { openContract, type Contract } from '../../../src/adapters/http/contract/validators.ts';
import type { Operations } from '../../../src/adapters/http/operations/exchange.ts';
import { contractRouter } from '../../../src/adapters/http/router.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { contract as openapi, type Node } from '../../support/contract-check.ts';
import { manualClock } from '../../support/fakes.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
/** Every operation of the contract, read without the code under test. */
const OPERATIONS = Object.entries(openapi['paths'] as Record<string, Node>).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => ({
    method: method.toUpperCase(),
    path,
    node: item[method] as Node,
  })),
);
const SCHEMES = Object.keys((openapi['components'] as Record<string, Node>)['securitySchemes'] ?? {});
const HANDLERS = Object.fromEntries(
  OPERATIONS.map(({ node }) => [String(node['operationId']), () => Promise.resolve()]),
) as unknown as Operations;
const pass: SecurityCheck = () => Promise.resolve();
const CHECKS = new Map(SCHEMES.map((scheme) => [scheme, pass]));

let contract: Contract;
beforeAll(async () => {
  contract = await openContract(loadOpenapiDocument());
});

function routerWith({ handlers = HANDLERS, checks = CHECKS, of = contract } = {}) {
  return contractRouter({
    contract: of,
    handlers,
    checks,
    onForbidden: pass,
    admission: {
      beforeRead: () => Promise.resolve(() => undefined),
      beforeEncoding: () => undefined,
      beforeAnswer: pass,
    },
    clock: manualClock(timestampFromMicros(0n)),
  });
}

/** The contract with its operation `POST /webhook` changed. */
function changed(change: (operation: Record<string, unknown>) => void): OpenapiDocument {
  const document = loadOpenapiDocument();
  return {
    ...document,
    parse() {
      const parsed = document.parse();
      const paths = parsed['paths'] as Record<string, Record<string, Record<string, unknown>>>;
      change(paths['/webhook']?.['post'] ?? {});
      return parsed;
    },
  };
}

describe("the router's table", () => {
  it('has exactly the operations of the contract, and HEAD wherever the contract has GET', () => {
    const served = routerWith().stack.map(({ methods, path }) => [methods.toSorted(), path]);
    const expected = OPERATIONS.map(({ method, path }) => [
      method === 'GET' ? ['GET', 'HEAD'] : [method],
      path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ]);
    expect(served).toHaveLength(expected.length);
    expect(served).toEqual(expect.arrayContaining(expected));
  });

  it('has one handler per route, so that no route passes a request to another', () => {
    for (const { stack } of routerWith().stack) expect(stack.map(({ length }) => length)).toEqual([1]);
  });

  it('has static paths before templates that match them as well', () => {
    const { path } = routerWith().match('/messages/stream', 'GET');
    expect(path.map(({ path: template }) => template)).toEqual(['/messages/stream', '/messages/:message_id']);
  });

  it.each([
    ['/Messages', 'another case'],
    ['/messages/', 'a slash at the end'],
    ['/messages/a/b', 'one segment more'],
    ['/openapiXjson', 'a dot stands for itself'],
  ])('does not match %s: %s', (path) => {
    expect(routerWith().match(path, 'GET').path).toEqual([]);
  });
});

describe('does not start', () => {
  it.each(SCHEMES)('without a check for the security scheme %s', (scheme) => {
    const checks = new Map(CHECKS);
    checks.delete(scheme);
    expect(() => routerWith({ checks })).toThrow(`no check for the security scheme ${scheme} of the operation`);
  });

  it.each(Object.keys(HANDLERS))('without a handler for %s', (operationId) => {
    const handlers = Object.fromEntries(Object.entries(HANDLERS).filter(([id]) => id !== operationId));
    expect(() => routerWith({ handlers: handlers as Operations })).toThrow(
      `no handler for the operation ${operationId}`,
    );
  });

  it('with a handler that it would inherit from the prototype of objects', async () => {
    const of = await openContract(changed((operation) => (operation['operationId'] = 'toString')));
    const handlers = Object.fromEntries(Object.entries(HANDLERS).filter(([id]) => id !== 'ingestMessage'));
    expect(() => routerWith({ of, handlers: handlers as Operations })).toThrow('no handler for the operation toString');
  });

  it('with a handler that has no operation', () => {
    const handlers = { ...HANDLERS, deleteMessage: () => Promise.resolve() };
    expect(() => routerWith({ handlers })).toThrow('no operation of the contract for the handlers deleteMessage');
  });

  it.each<[string, (operation: Record<string, unknown>) => void, string]>([
    ['an operation without an id', (operation) => delete operation['operationId'], 'has no operationId'],
    ['an operation without security', (operation) => delete operation['security'], 'does not say who may call it'],
    [
      'an operation with alternative schemes',
      (operation) => (operation['security'] = [{ webhookSignature: [] }, { readKey: [] }]),
      'must name one security scheme',
    ],
    [
      'an operation with two schemes at once',
      (operation) => (operation['security'] = [{ webhookSignature: [], readKey: [] }]),
      'must name one security scheme',
    ],
    [
      'an operation whose scheme is optional',
      (operation) => (operation['security'] = [{ webhookSignature: [] }, {}]),
      'must name one security scheme',
    ],
    ['a reference to nothing', (operation) => (operation['parameters'] = [{ $ref: '#/nowhere' }]), ''],
  ])('on %s', async (_what, change, message) => {
    await expect(openContract(changed(change))).rejects.toThrow(message);
  });
});
