import type { HttpMiddleware } from '../middleware/request-context.ts';
import { announcesBody } from './announced.ts';
import type { BodyBudget } from './budget.ts';

/** Opens the share of a request with a body, and releases it when the request is answered. Discards bodies that no operation reads. */
export function holdBody(budget: BodyBudget): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.method !== 'POST') {
      // Discard the body while it arrives, or it would wait in memory until the answer is read.
      if (announcesBody(ctx.req)) ctx.req.resume();
      await next();
      return;
    }
    const share = budget.open();
    ctx.state.request.share = share;
    try {
      await next();
    } finally {
      share.release();
    }
  };
}
