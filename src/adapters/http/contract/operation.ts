import type { Operation } from 'openapi-backend';
import type { QueryParameter } from './parameters.ts';

/** What the router needs to know of one operation of the contract. */
export interface ContractOperation {
  readonly operationId: string;
  /** In upper case. */
  readonly method: string;
  /** The path template, such as `/messages/{message_id}`. */
  readonly path: string;
  /** The security scheme to check; null if the contract says that the operation is open to everyone. */
  readonly scheme: string | null;
  readonly queryParameters: readonly QueryParameter[];
  /** The media types of its request body; null if it has none. */
  readonly mediaTypes: readonly string[] | null;
}

/**
 * Reads a dereferenced operation. Throws if it lacks what the router relies on, because a guess would leave it unprotected.
 * @param security who may call it, as the contract says; undefined if it says nothing
 */
export function contractOperation(
  operation: Operation,
  security: Operation['security'] | undefined,
): ContractOperation {
  const { operationId, method, path, parameters, requestBody } = operation;
  const at = `${method.toUpperCase()} ${path}`;
  if (operationId === undefined) throw new Error(`${at} of the contract has no operationId`);
  return {
    operationId,
    method: method.toUpperCase(),
    path,
    scheme: onlyScheme(security, at),
    queryParameters: queryParameters(parameters ?? []),
    mediaTypes: requestBody === undefined ? null : Object.keys((requestBody as { content: object }).content),
  };
}

/** Alternatives and combinations of schemes would need rules of their own; the contract has none. */
function onlyScheme(security: Operation['security'] | undefined, at: string): string | null {
  if (security === undefined) throw new Error(`${at} of the contract does not say who may call it`);
  const schemes = security.flatMap((requirement) => Object.keys(requirement));
  if (schemes.length > 1 || schemes.length !== security.length) {
    throw new Error(`${at} of the contract must name one security scheme, or \`security: []\``);
  }
  return schemes[0] ?? null;
}

function queryParameters(parameters: readonly unknown[]): QueryParameter[] {
  return (parameters as { in: string; name: string; schema?: { type?: string } }[])
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema }) => ({ name, isInteger: schema?.type === 'integer' }));
}
