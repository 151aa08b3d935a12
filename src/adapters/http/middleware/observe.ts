import { Readable } from 'node:stream';
import type { Logger, Metrics, Tracer } from '../../../application/ports/telemetry.ts';
import { sendStream } from '../node/send-stream.ts';
import { countRequest, logRequest } from './access-log.ts';
import { newRequestContext, type HttpMiddleware } from './request-context.ts';
import { requestIds } from './request-id.ts';
import { describeSpan } from './request-span.ts';

export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/**
 * Opens the context of a request, with its id and its span, and reports how it was answered: once in the metrics, in the span
 * and in one log line. The log line of a stream follows at the end of the stream.
 */
export function observe({ logger, metrics, tracer }: Telemetry): HttpMiddleware {
  return (ctx, next) => {
    const ids = requestIds(ctx.req.headers);
    return tracer.inRequest(ids.caller, async (span) => {
      const start = performance.now();
      const seconds = (): number => (performance.now() - start) / 1000;
      const request = newRequestContext(ctx, ids, span);
      ctx.state.request = request;
      ctx.res.setHeader('X-Request-ID', request.requestId);
      await next();
      countRequest(request, seconds(), metrics);
      describeSpan(request);
      const log = (): void => {
        logRequest(request, seconds(), logger);
      };
      if (ctx.body instanceof Readable) void sendStream(ctx, ctx.body, logger).finally(log);
      else log();
    });
  };
}
