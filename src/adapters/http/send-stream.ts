import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Koa from 'koa';
import type { Logger } from '../../application/ports.ts';
import { describe } from './faults.ts';

/** What Node calls a connection that is closed before the answer is at its end, or at its beginning, as clients of a stream close theirs. */
const LEFT = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_UNABLE_TO_PIPE', 'ECONNRESET', 'EPIPE'];

/** Sends a body whose end nobody knows. Resolves when it is over, whoever has ended it. */
export async function sendStream(ctx: Koa.Context, body: Readable, logger: Logger): Promise<void> {
  ctx.respond = false; // Koa would take each client that leaves for a fault
  if (ctx.method === 'HEAD') {
    body.destroy();
    ctx.res.end();
    return;
  }
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
    if (LEFT.includes(String((error as NodeJS.ErrnoException).code))) return;
    logger.error('a stream broke off', { error: describe(error) });
  }
}
