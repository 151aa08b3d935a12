import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { HttpMiddleware } from './request-context.ts';

/** The directives of a Content-Security-Policy. */
export type Policy = Readonly<Record<string, readonly string[]>>;
type Headers = readonly (readonly [string, string])[];

/** For answers that are no pages: nothing in them may load or run. */
const NO_PAGE: Policy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };

/** Those of every answer that is no page. */
export const USUAL_SECURITY_HEADERS: Headers = headersOf(NO_PAGE);

/** Sets Helmet's headers on every answer, with a page's own policy on that page. */
export function securityHeaders(pagePolicies: ReadonlyMap<string, Policy>): HttpMiddleware {
  const ofPages = new Map(Array.from(pagePolicies, ([path, policy]) => [path, headersOf(policy)]));
  return (ctx, next) => {
    for (const [name, value] of ofPages.get(ctx.path) ?? USUAL_SECURITY_HEADERS) ctx.res.setHeader(name, value);
    return next();
  };
}

/** Helmet's headers do not depend on the request, so that Helmet is called once for each policy. */
function headersOf(directives: Policy): Headers {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    xFrameOptions: { action: 'deny' },
  });
  setHeaders(request, response, () => undefined);
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}
