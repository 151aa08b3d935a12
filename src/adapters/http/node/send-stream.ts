import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../../../application/ports/telemetry.ts';
import { describeError } from '../middleware/describe-error.ts';
import type { HttpContext } from '../middleware/request-context.ts';
import { isClientGone } from './client-gone.ts';

/** Sends a body whose end nobody knows. Resolves when it is over, whoever has ended it. */
export async function sendStream(ctx: HttpContext, body: Readable, logger: Logger): Promise<void> {
  ctx.respond = false; // Koa would take each client that leaves for a fault
  if (ctx.method === 'HEAD') {
    ctx.res.end(); // and Koa destroys the body with it
    return;
  }
  ctx.res.setMaxListeners(20); // Koa, pipeline and who else waits for its close come to ten, from where Node warns of a leak
  // Of who has not read what is there nobody knows whether he ever will, and he can go on from where he was.
  body.once('end', () => {
    setImmediate(() => {
      if (ctx.res.writableLength > 0) ctx.res.destroy();
    });
  });
  try {
    await pipeline(body, ctx.res);
  } catch (error) {
    body.destroy(); // which a pipeline to a closed connection leaves alone
    if (!isClientGone(error)) logger.error('a stream broke off', { error: describeError(error) });
  }
}
