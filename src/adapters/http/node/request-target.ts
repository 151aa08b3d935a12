import type { IncomingMessage } from 'node:http';
import { Problem } from '../problem.ts';
import type { HttpMiddleware } from '../middleware/request-context.ts';
import { hostFault, isHost } from './host-header.ts';

/** The target of a request that names no path: of `OPTIONS *`, of CONNECT, and of every target that cannot be read. */
export const NO_PATH = '*';

/** A path and an optional query in visible ASCII, without a fragment. */
const ORIGIN_FORM = /^\/[!"$-~]*$/;
const ABSOLUTE_FORM = /^https?:\/\/([^/?]+)((?:[/?][!"$-~]*)?)$/i;

const faults = new WeakMap<IncomingMessage, string>();

/**
 * Reads the target of a request (RFC 9112, section 3.2), before anything else does. Afterwards `request.url` is a path with an
 * optional query, or {@link NO_PATH}. An absolute target becomes its path, and its authority replaces the Host header. So no library
 * parses an address that a stranger wrote: Node's `url.parse`, which Koa uses, throws for some and prints others.
 */
export function readTarget(request: IncomingMessage): void {
  const { url = '', method } = request;
  const fault = hostFault(request);
  if (fault !== null) faults.set(request, fault);
  if (ORIGIN_FORM.test(url)) return;
  request.url = NO_PATH;
  if (method === 'CONNECT' || (method === 'OPTIONS' && url === NO_PATH)) return;
  const [, authority = '', target = ''] = ABSOLUTE_FORM.exec(url) ?? [];
  if (authority === '' || !isHost(authority) || authority.startsWith(':')) {
    faults.set(request, 'the target is neither a path nor an http address');
    return;
  }
  request.url = target.startsWith('/') ? target : `/${target}`;
  request.headers.host = authority;
}

/** Throws 400 for a request whose target or Host header cannot be read. */
export const requireTarget: HttpMiddleware = (ctx, next) => {
  const detail = faults.get(ctx.req);
  if (detail !== undefined) throw new Problem('bad-request', { detail });
  return next();
};
