import { Readable } from 'node:stream';
import Router from '@koa/router';
import type { Clock } from '../../application/ports/time.ts';
import type { SecurityCheck, SecurityChecks } from './auth/checks.ts';
import { parseBody } from './body/parse.ts';
import type { ContractOperation } from './contract/operation.ts';
import { knownParameters } from './contract/parameters.ts';
import type { OperationId } from './contract/types.ts';
import type { Contract, Validate } from './contract/validators.ts';
import { Problem } from './problem.ts';
import { encodeReply, writeReply, type AnyReply } from './middleware/reply.ts';
import type { State } from './middleware/request-context.ts';
import { isLarge, type Admission } from './unread/admission.ts';
import { exchangeOf, type Exchange, type Operations } from './operations/exchange.ts';

export interface RouterParts {
  readonly contract: Contract;
  readonly handlers: Operations;
  readonly checks: SecurityChecks;
  /** Called if an operation rejects a request because of a wrong secret, such as a wrong verify token. */
  readonly onForbidden: SecurityCheck;
  readonly clock: Clock;
  readonly admission: Admission;
}

/** The security scheme of operations that read what is stored. */
const READ_SCHEME = 'readKey';

type Handler = (
  request: { query: Record<string, unknown>; path: Record<string, string>; body: unknown },
  exchange: Exchange,
) => Promise<unknown>;

/**
 * Registers every operation of the contract, and nothing else, so that whatever is served is in the contract. Throws if an operation
 * has no handler, if its security scheme has no check, or if a handler has no operation.
 */
export function contractRouter(parts: RouterParts): Router<State> {
  const { contract, handlers, checks, onForbidden, clock, admission } = parts;
  const { operations } = contract;
  const strays = Object.keys(handlers).filter((id) => !operations.some(({ operationId }) => operationId === id));
  if (strays.length > 0) throw new Error(`no operation of the contract for the handlers ${strays.join(', ')}`);

  const router = new Router<State>({ sensitive: true, strict: true });
  for (const operation of staticFirst(operations)) {
    const { method, path, scheme, mediaTypes, queryParameters } = operation;
    const handler = handlerOf(operation, handlers);
    const authenticate = checkOf(operation, checks);
    const validate: Validate = contract.validator(operation.operationId);

    // One function that never calls `next`: if it did, @koa/router would continue with the next route that matches the path.
    router.register(routerPath(path), [method], async (ctx) => {
      const { request } = ctx.state;
      request.route = path;
      await authenticate?.(request);
      const finish = scheme === READ_SCHEME ? await admission.beforeRead(request) : undefined;
      try {
        const body = mediaTypes === null ? undefined : parseBody(ctx.req.headers, mediaTypes, request.body);
        const query = ctx.querystring === '' ? {} : knownParameters(ctx.query, queryParameters);
        validate({ path: ctx.params, query, header: ctx.req.headers, requestBody: body });
        const reply = (await handler({ path: ctx.params, query, body }, exchangeOf(request, clock))) as AnyReply;
        // A stream is open already, and sends little at a time.
        if (scheme === READ_SCHEME && !(reply.body instanceof Readable)) admission.beforeEncoding(request);
        const encoded = encodeReply(reply);
        if (isLarge(encoded.body)) await admission.beforeAnswer(request, encoded.body.length);
        writeReply(ctx, encoded);
      } catch (error) {
        if (error instanceof Problem && error.kind === 'forbidden') await onForbidden(request);
        throw error;
      } finally {
        finish?.();
      }
    });
  }
  return router;
}

/** Puts static paths first: the router runs the first match, and `/messages/stream` also matches `/messages/{message_id}`. */
function staticFirst(operations: readonly ContractOperation[]): ContractOperation[] {
  return operations.toSorted((one, other) => Number(one.path.includes('{')) - Number(other.path.includes('{')));
}

/** A path template of OpenAPI as @koa/router writes it. */
function routerPath(template: string): string {
  return template.replace(/\{([^}]+)\}/g, ':$1');
}

/** Returns the handler of an operation. The cast is safe because requests are validated against the contract of the types. */
function handlerOf({ operationId }: ContractOperation, handlers: Operations): Handler {
  if (!Object.hasOwn(handlers, operationId)) throw new Error(`no handler for the operation ${operationId}`);
  return handlers[operationId as OperationId] as Handler;
}

/** Null if the contract says that the operation is open to everyone. */
function checkOf({ operationId, scheme }: ContractOperation, checks: SecurityChecks): SecurityCheck | null {
  if (scheme === null) return null;
  const check = checks.get(scheme);
  if (check === undefined)
    throw new Error(`no check for the security scheme ${scheme} of the operation ${operationId}`);
  return check;
}
