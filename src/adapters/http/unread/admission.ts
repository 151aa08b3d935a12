import type { Metrics } from '../../../application/ports/telemetry.ts';
import type { RequestContext } from '../middleware/request-context.ts';
import { Problem } from '../problem.ts';
import type { Turnstile } from './turnstile.ts';
import { SMALL_BYTES, type UnreadAnswers } from './unread-answers.ts';

/** Decides whether there is memory for the answer to a read. Each function throws the Problem, 503, if there is none. */
export interface Admission {
  /** Before the store is asked. Returns what to call when the answer is sent or has failed. */
  beforeRead(request: RequestContext): Promise<() => void>;
  /** Between the store's answer and its encoding, which costs most: meanwhile others may have taken the room. */
  beforeEncoding(request: RequestContext): void;
  /** Before an answer of this size is sent. */
  beforeAnswer(request: RequestContext, bytes: number): Promise<void>;
}

/** Reads whose answers may have megabytes, so that only a few are made at a time. */
const LARGE: ReadonlySet<string> = new Set(['/messages', '/messages/{message_id}/raw']);
const METRICS = '/metrics';
/** Room for a scrape when all other room is taken: the metrics show why. */
const SCRAPE_RESERVE = 1_048_576;

/** Answers to webhooks are small, so they never need a permission. */
export function readAdmission(
  unread: UnreadAnswers,
  large: Turnstile,
  metrics: Pick<Metrics, 'answerShed'>,
): Admission {
  function refuse(cause: string): never {
    metrics.answerShed();
    throw new Problem('unavailable', { headers: { 'Retry-After': '1' }, cause: new Error(cause) });
  }
  const full = (): never => refuse('unread answers fill MAX_UNREAD_BYTES');

  return {
    async beforeRead({ route }) {
      if (route === METRICS) return () => undefined;
      if (unread.isFull()) full();
      const isLargeRead = LARGE.has(route);
      if (isLargeRead && !(await large.enter())) refuse('too many reads with large answers wait');
      const leave = (): void => {
        if (isLargeRead) large.leave();
      };
      if (!unread.isFull() && (await unread.hasRoom())) return leave;
      leave();
      return full();
    },
    beforeEncoding({ route }) {
      if (route !== METRICS && unread.isFull()) full();
    },
    async beforeAnswer({ route, ctx }, bytes) {
      if (ctx.method === 'HEAD') return;
      if (!(await unread.take(ctx.req.socket, bytes, route === METRICS ? SCRAPE_RESERVE : 0))) full();
    },
  };
}

/** Whether a body is so large that it needs a permission. */
export function isLarge(body: unknown): body is Buffer {
  return Buffer.isBuffer(body) && body.length > SMALL_BYTES;
}
