import { createServer, type Server } from 'node:http';
import { Readable, type Duplex } from 'node:stream';
import Koa from 'koa';
import type { Clock, Timer } from '../../../application/ports/time.ts';
import type { Logger, Metrics, Tracer } from '../../../application/ports/telemetry.ts';
import { createApi, type Api, type ApiRequest } from '../contract/api.ts';
import { announcesBody, parseBody } from '../body/read-body.ts';
import { bodyBudget } from '../body/body-budget.ts';
import { clientAddress } from '../auth/client-address.ts';
import { answerUnreadableRequest } from './unreadable-request.ts';
import { roomMaker, serverOptions, type ConnectionLimits } from './connection-limits.ts';
import type { OperationId } from '../contract/types.ts';
import { crossOriginReads } from '../middleware/cors.ts';
import { DASHBOARD_CONTENT_SECURITY_POLICY } from '../operations/pages/dashboard.ts';
import { loadOpenapiDocument } from '../contract/document.ts';
import type { Exchange } from '../operations/exchange.ts';
import { handleExpectations } from './expectations.ts';
import { describe, isClientGone, toProblem } from '../middleware/faults.ts';
import { inTurn } from './pipelining-guard.ts';
import { lingerAfterAnswer } from './linger.ts';
import { operations, type UseCases } from '../operations/operations.ts';
import { DOCS_CONTENT_SECURITY_POLICY } from '../operations/pages/docs-pages.ts';
import { Problem } from '../middleware/problem.ts';
import { rateLimits, type RateLimitOptions } from '../auth/rate-limits.ts';
import { countRequest, logRequest } from '../middleware/access-log.ts';
import { recordRejection, type RejectionOptions } from '../operations/rejections.ts';
import { readCheck } from '../auth/read-check.ts';
import { requestIds } from '../middleware/request-id.ts';
import { describeSpan } from '../middleware/request-span.ts';
import { SIGNATURE_SCHEMES } from '../auth/security.ts';
import { securityHeaders } from '../middleware/security-headers.ts';
import { sendStream } from './send-stream.ts';
import { signatureCheck } from '../auth/signature-check.ts';
import { keepUnsentAnswers } from './unsent-answers.ts';
import { exchangeOf, newVisit, type Visit } from '../middleware/request-context.ts';
import { writeReply, type AnyReply } from '../middleware/reply.ts';

export interface HttpOptions {
  readonly maxBodyBytes: number;
  /** Of all bodies that are in memory at a time; at least maxBodyBytes. */
  readonly maxBufferedBytes: number;
  readonly connections: ConnectionLimits;
  /** Empty: reading is open. */
  readonly readApiKeys: readonly string[];
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed; empty: nobody's. */
  readonly trustedProxies: readonly string[];
  readonly rateLimits: RateLimitOptions;
  /** Whose pages may read; empty: only our own. */
  readonly origins: readonly string[];
  /** What Meta shows to prove that it was told this address by the operator; undefined: it cannot subscribe. */
  readonly whatsAppVerifyToken: string | undefined;
  readonly rejections: RejectionOptions;
}

export interface HttpDependencies extends UseCases {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly timer: Timer;
}

/** An HTTP server, not yet listening, that answers as api/openapi.yaml says. */
export async function createHttpServer(dependencies: HttpDependencies, options: HttpOptions): Promise<Server> {
  const api = await contractApi(dependencies, options);
  const allowReads = crossOriginReads(options.origins, (path) => api.hasGet(path));
  const budget = bodyBudget(options.maxBufferedBytes, dependencies.metrics);
  const app = new Koa();
  const apiHeaders = securityHeaders({ defaultSrc: ["'none'"], frameAncestors: ["'none'"] });
  const docsHeaders = securityHeaders(DOCS_CONTENT_SECURITY_POLICY);
  const pageHeaders = new Map([
    ['/', securityHeaders(DASHBOARD_CONTENT_SECURITY_POLICY)],
    ['/docs', docsHeaders],
    ['/redoc', docsHeaders],
  ]);

  app.use((ctx) => {
    const ids = requestIds(ctx.req.headers);
    return dependencies.tracer.inRequest(ids.caller, (span) => respond(newVisit(ctx, ids, span, budget.open())));
  });

  async function respond(visit: Visit): Promise<void> {
    const start = performance.now();
    const { ctx } = visit;
    // Only POST takes a body. Others are thrown away as they come, or they would wait in memory for the answer to be read.
    if (ctx.method !== 'POST' && announcesBody(ctx.req)) ctx.req.resume();
    ctx.res.setHeader('X-Request-ID', visit.requestId);
    for (const [name, value] of pageHeaders.get(ctx.path) ?? apiHeaders) ctx.res.setHeader(name, value);
    try {
      if (ctx.req.headers.host === undefined && ctx.req.httpVersion === '1.1') {
        throw new Problem('bad-request', { detail: 'HTTP/1.1 demands a Host header' }); // RFC 9112, section 3.2
      }
      await allowReads(ctx, async () => {
        writeReply(ctx, (await api.answer(apiRequest(ctx), visit)) as AnyReply);
      });
    } catch (error) {
      visit.fault = error;
      const problem = toProblem(error);
      // Where a refusal was thrown says nothing, and under overload most of the log would be stacks.
      if (problem.status >= 500) visit.log['error'] = describe(error, problem.kind !== 'unavailable');
      visit.result ??= problem.kind.replaceAll('-', '_');
      if (problem.headers['Connection'] === 'close') {
        lingerAfterAnswer(ctx.req, options.connections.lingerTimeout);
      }
      writeReply(ctx, {
        status: problem.status,
        headers: problem.headers,
        type: 'application/problem+json',
        body: problem.body(visit.requestId),
      });
      recordRejection(dependencies.rejections, visit, problem, dependencies.clock.now(), options.rejections);
    } finally {
      visit.share.release();
    }
    const seconds = (): number => (performance.now() - start) / 1000;
    const log = (): void => {
      logRequest(visit, seconds(), dependencies.logger);
    };
    countRequest(visit, seconds(), dependencies.metrics);
    describeSpan(visit);
    if (ctx.body instanceof Readable) void sendStream(ctx, ctx.body, dependencies.logger).finally(log);
    else log();
  }

  app.on('error', (error: unknown) => {
    if (!isClientGone(error)) {
      dependencies.logger.error('a response could not be written', { error: describe(error) });
    }
  });

  const handle = app.callback();
  const server = createServer(serverOptions(options.connections));
  const sending = keepUnsentAnswers(server);
  const turns = inTurn((request, response) => {
    sending(response);
    void handle(request, response);
  });
  server.on('request', turns.handle);
  handleExpectations(server, turns.handle, options.maxBodyBytes);
  const unreadable = new WeakSet<Duplex>();
  server.on('clientError', (error, socket) => {
    if (unreadable.has(socket)) return; // Node says it of each packet
    unreadable.add(socket);
    turns.afterAnswers(socket, () => {
      answerUnreadableRequest(error, socket);
    });
  });
  const { silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections } = options.connections;
  const makeRoom = roomMaker(server);
  server.on('drop', () => {
    dependencies.metrics.connectionDropped();
    makeRoom();
  });
  return Object.assign(server, { timeout: silenceTimeout, maxHeadersCount, maxRequestsPerSocket, maxConnections });
}

function contractApi(dependencies: HttpDependencies, options: HttpOptions): Promise<Api<Visit>> {
  const document = loadOpenapiDocument();
  const handlers = operations(dependencies, dependencies, document, options);
  const limits = rateLimits(options.rateLimits, clientAddress(options.trustedProxies), dependencies.metrics);
  const signed = signatureCheck(dependencies.ingestMessage, limits, options.maxBodyBytes);
  return createApi<Visit>(document, {
    routed(visit, route) {
      visit.route = route;
    },
    security: {
      ...Object.fromEntries(Object.entries(SIGNATURE_SCHEMES).map(([scheme, provider]) => [scheme, signed(provider)])),
      readKey: readCheck(options.readApiKeys, limits),
    },
    parseBody: (visit, mediaTypes) => parseBody(visit.ctx.req.headers, mediaTypes, visit.body),
    async operate(visit, operationId, request) {
      // The contract's types and the request agree: it was validated against the same contract.
      const operate = handlers[operationId as OperationId] as (
        request: unknown,
        exchange: Exchange,
      ) => Promise<unknown>;
      try {
        return await operate(request, exchangeOf(visit, dependencies.clock));
      } catch (error) {
        // A wrong verify token, the one secret that an operation itself looks at, is as good as a wrong signature.
        if (error instanceof Problem && error.kind === 'forbidden') await limits.badSignatures.count(visit);
        throw error;
      }
    },
  });
}

function apiRequest(ctx: Koa.Context): ApiRequest {
  return {
    method: ctx.method === 'HEAD' ? 'GET' : ctx.method, // HEAD is GET without the body, which Koa leaves out
    path: ctx.path,
    headers: ctx.req.headers as Record<string, string | string[]>,
    query: (ctx.querystring === '' ? {} : { ...ctx.query }) as Record<string, string | string[]>,
  };
}
