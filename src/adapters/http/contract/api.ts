import { OpenAPIBackend, type Context, type Document, type Options } from 'openapi-backend';
import { isMessageId, isMessageText } from '../../../domain/message.ts';
import { parseTimestamp } from '../../../domain/timestamp.ts';
import { takeShortcuts } from './api-shortcuts.ts';
import type { OpenapiDocument } from './document.ts';
import { invalid, Problem } from '../middleware/problem.ts';
import { validationErrorItems } from './validation-errors.ts';

/** What openapi-backend is given of a request, and, once it has matched, told about it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  /** As sent; once an operation has matched, only its parameters, integers as numbers. */
  query: Record<string, string | string[]>;
  /** Set after the signature was checked, before the schema is. */
  body?: unknown;
}

/** What happens around an operation; `T` is what the caller hands through, one for each request. */
export interface ApiHooks<T> {
  /** The first thing after routing. `route` is the operation's path template. */
  routed(exchange: T, route: string): void;
  /** One check for each security scheme of the contract. What it throws answers the request. */
  readonly security: Readonly<Record<string, (exchange: T) => void | Promise<void>>>;
  /** The parsed body of an operation that takes these media types. Called when the security checks have passed. */
  parseBody(exchange: T, mediaTypes: readonly string[]): unknown;
  /** The operation itself, with parameters coerced to the contract's types. */
  operate(
    exchange: T,
    operationId: string,
    request: { query: Record<string, unknown>; path: Record<string, string>; body: unknown },
  ): Promise<unknown>;
}

export interface Api<T> {
  /** Routes, checks and validates a request by the contract, and runs its operation. Rejects with Problem. */
  answer(request: ApiRequest, exchange: T): Promise<unknown>;
  /** Whether the contract has GET for this path. */
  hasGet(path: string): boolean;
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

export async function createApi<T>(document: OpenapiDocument, hooks: ApiHooks<T>): Promise<Api<T>> {
  const api = new OpenAPIBackend({
    definition: document.parse() as unknown as Document,
    // Not at start: checking the contract itself, which CI does, and validators of responses, which nobody calls here.
    quick: true,
    strict: true, // fail closed: no operation runs unauthorised or unvalidated
    ignoreTrailingSlashes: false,
    ajvOpts: { allErrors: true },
    customizeAjv,
  });
  await api.init();
  takeShortcuts(api);

  api.register('notFound', () => {
    throw new Problem('not-found');
  });
  api.register('methodNotAllowed', (_context: Context, request: ApiRequest) => {
    throw new Problem('method-not-allowed', { headers: { Allow: allowedMethods(api, request.path) } });
  });
  api.register('postRoutingHandler', ({ operation }: Partial<Context>, request: ApiRequest, exchange: T) => {
    if (operation?.operationId === undefined) return; // no operation matches
    request.query = knownParameters(request.query, operation.parameters ?? []) as ApiRequest['query'];
    hooks.routed(exchange, operation.path);
  });
  for (const [scheme, check] of Object.entries(hooks.security)) {
    api.registerSecurityHandler(scheme, async (_context: Context, _request: ApiRequest, exchange: T) => {
      await check(exchange);
      return true;
    });
  }
  // openapi-backend takes whatever a security check throws for "unauthorised": give back the error it was.
  api.register('unauthorizedHandler', (context: Context) => {
    for (const result of Object.values(context.security) as unknown[]) {
      if (typeof result === 'object' && result !== null && 'error' in result) throw result.error;
    }
    throw new Problem('unauthorized');
  });
  // Runs between the security checks and the validation, which reads the body from this same object.
  api.register('postSecurityHandler', (context: Context, request: ApiRequest, exchange: T) => {
    const { requestBody } = context.operation as { requestBody?: { content: Readonly<Record<string, unknown>> } };
    if (context.security['authorized'] === true && requestBody !== undefined) {
      request.body = hooks.parseBody(exchange, Object.keys(requestBody.content));
    }
  });
  api.register('validationFail', (context: Context, request: ApiRequest) => {
    const input = { query: request.query, requestBody: request.body, header: request.headers };
    throw invalid(...validationErrorItems(context.validation.errors ?? [], input));
  });
  for (const { operationId } of api.router.getOperations()) {
    if (operationId === undefined) throw new Error('an operation of the contract has no operationId');
    api.validator.getRequestValidatorsForOperation(operationId); // compiled now, not during the first request
    api.register(operationId, (context: Context, request: ApiRequest, exchange: T) =>
      hooks.operate(exchange, operationId, {
        query: request.query,
        path: context.request.params as Record<string, string>,
        body: request.body,
      }),
    );
  }

  return {
    async answer(request, exchange) {
      if (!isDecodable(request.path)) throw new Problem('not-found');
      return api.handleRequest(request, request, exchange) as Promise<unknown>;
    },
    hasGet: (path) => isDecodable(path) && hasMethod(api, path, 'get'),
  };
}

const customizeAjv: NonNullable<Options['customizeAjv']> = (ajv) => {
  // The domain's rules are the rules: the contract's limits and patterns only tell clients of them.
  ajv.addFormat('date-time', (value: string) => parseTimestamp(value) !== null);
  ajv.addFormat('message-id', isMessageId);
  ajv.addFormat('message-text', isMessageText);
  return ajv;
};

/** Whether the path is percent-encoded UTF-8; openapi-backend decodes its parameters and takes that for granted. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function hasMethod({ router }: OpenAPIBackend, path: string, method: string): boolean {
  return router.matchOperation({ method, path, headers: {} }) !== undefined;
}

function allowedMethods(api: OpenAPIBackend, path: string): string {
  const methods = METHODS.filter((method) => hasMethod(api, path, method));
  return methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
}

/** Only the parameters of the contract; integers as numbers. */
function knownParameters(query: ApiRequest['query'], parameters: readonly unknown[]): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const { in: place, name, schema } of parameters as { in: string; name: string; schema?: { type?: string } }[]) {
    if (place !== 'query' || !Object.hasOwn(query, name)) continue;
    const value = query[name];
    known[name] = schema?.type === 'integer' && typeof value === 'string' ? integer(value) : value;
  }
  return known;
}

/**
 * openapi-backend coerces, whatever Ajv is told, and would take `1e1` for 10. What is not written as an integer goes on in a
 * list, which no coercion makes one of.
 */
function integer(value: string): number | string[] {
  return /^-?\d{1,20}$/.test(value) ? Number(value) : [value];
}
