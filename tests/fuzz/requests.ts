import fc from 'fast-check';
import { contract, pathItem, resolve, type Node } from '../support/contract-check.ts';
import { operationAttempts, type Attempt } from './attempts.ts';

/** Any request that a client may think of, most of them for an operation of the contract, and the answers that fit it. */

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  readonly parameters: readonly Parameter[];
  /** Schemas by media type, if it has a body. */
  readonly bodies: readonly (readonly [string, Node])[];
  readonly security: string | undefined;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly schema: Node;
  readonly example: unknown;
}

export interface FuzzRequest extends Attempt {
  readonly operationId: string;
}

export const OPERATIONS: readonly Operation[] = Object.entries(contract['paths'] as Record<string, Node>).flatMap(
  ([template, item]) =>
    Object.entries(item).map(([method, node]) => operationOf(template, method.toUpperCase(), node as Node)),
);

/** @param origin where the service is; some signatures cover it */
export function requests(origin: string): fc.Arbitrary<FuzzRequest> {
  const ofOperations = OPERATIONS.map((operation) => {
    const attempts = operationAttempts(operation, origin);
    const arbitrary = fc.oneof(...attempts).map((attempt) => ({ operationId: operation.id, ...attempt }));
    return { weight: attempts.length, arbitrary }; // where more can go wrong, more is tried
  });
  return fc.oneof(...ofOperations, { weight: 10, arbitrary: unknownPaths });
}

function operationOf(template: string, method: string, node: Node): Operation {
  const content = (resolve(node['requestBody']) as { content?: Record<string, Node> } | undefined)?.content ?? {};
  return {
    id: String(node['operationId']),
    method,
    template,
    parameters: (node['parameters'] as Node[]).map((parameter) => resolve(parameter) as Parameter),
    bodies: Object.entries(content).map(([type, media]) => [type, media['schema'] as Node] as const),
    security: Object.keys((node['security'] as Node[])[0] ?? {})[0],
  };
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];

const unknownPaths: fc.Arbitrary<FuzzRequest> = fc
  .record({
    path: fc.oneof(
      fc.webPath({ size: 'small' }).map((path) => path || '/'),
      fc.constantFrom(...OPERATIONS.map(({ template }) => `${template.replace(/\{.*\}/, 'x')}/`)),
      fc.constantFrom(
        '/.env',
        '/webhook/../stats',
        '/WEBHOOK',
        '//stats',
        '/messages/%zz',
        '/%00',
        '/webhook%2F',
        '/*',
      ),
    ),
    method: fc.constantFrom(...METHODS),
  })
  .filter(({ path }) => pathItem(path).item === undefined)
  .map(({ path, method }) => ({
    operationId: 'unknown path',
    attempt: 'is not found',
    method,
    target: path,
    headers: {},
    body: null,
    expected: [404],
  }));
