import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from '../../../application/ports/telemetry.ts';
import { describeError } from '../middleware/describe-error.ts';
import type { HttpContext } from '../middleware/request-context.ts';
import { isClientGone } from './client-gone.ts';

/** Sends a body of unknown length. Resolves at its end, whichever side ended it. */
export async function sendStream(ctx: HttpContext, body: Readable, logger: Logger): Promise<void> {
  ctx.respond = false; // Koa would report each client that disconnects as an error
  if (ctx.method === 'HEAD') {
    ctx.res.end(); // and Koa destroys the body with it
    return;
  }
  ctx.res.setMaxListeners(20); // Koa, pipeline and others add ten close listeners, and Node warns of a leak from there on
  // A client that has not read everything by now may never read it, and it can resume from where it was.
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
