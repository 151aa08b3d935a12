import type { Clock } from '../../../application/ports/time.ts';
import { StoreUnavailable } from '../../../application/ports/store.ts';
import type { Rejections } from '../../../application/rejections/rejections.ts';
import { lingerAfterAnswer } from '../node/linger.ts';
import { describeError } from './describe-error.ts';
import { Problem } from '../problem.ts';
import { recordRejection, type RejectionRecording } from './rejection.ts';
import { encodeReply, writeReply } from './reply.ts';
import type { HttpMiddleware } from './request-context.ts';

/**
 * Answers whatever is thrown behind it as RFC 9457 problem details. This is the only place that does so, and it also records
 * the rejection if the request was a webhook.
 * @param lingerTimeout the ms for which the rest of a rejected body is still read
 */
export function answerProblems(
  { rejections, clock }: { readonly rejections: Rejections; readonly clock: Clock },
  recording: RejectionRecording,
  lingerTimeout: number,
): HttpMiddleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { request } = ctx.state;
      const problem = toProblem(error);
      request.fault = error;
      // The place where a refusal was thrown says nothing, and under overload stacks would fill the log.
      if (problem.status >= 500) request.log['error'] = describeError(error, problem.kind !== 'unavailable');
      request.result ??= problem.kind.replaceAll('-', '_');
      if (problem.headers['Connection'] === 'close') lingerAfterAnswer(ctx.req, lingerTimeout);
      writeReply(
        ctx,
        encodeReply({
          status: problem.status,
          headers: problem.headers,
          type: 'application/problem+json',
          body: problem.body(request.requestId),
        }),
      );
      recordRejection(rejections, request, problem, clock.now(), recording);
    }
  };
}

/** The problem that an error is answered with: 503 if the same request may succeed later, 500 if nobody foresaw it. */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreUnavailable) {
    return new Problem('unavailable', { headers: { 'Retry-After': String(error.retryAfterSeconds) }, cause: error });
  }
  return new Problem('internal-error', { cause: error });
}
