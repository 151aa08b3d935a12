/** Asking again. Every operation of the service may be repeated: the same message is stored once, however often it is sent. */

export type Fetch = (request: Request) => Promise<Response>;

export interface Retry {
  /** Of the attempt that failed, from 1. */
  readonly attempt: number;
  /** How long the next one waits, in ms. */
  readonly delayMs: number;
  /** Of the answer, if there was one. */
  readonly status?: number;
  /** What went wrong, if there was no answer. */
  readonly error?: unknown;
}

export interface RetryOptions {
  /** Attempts after the first one. 4 unless said otherwise; 0 turns retrying off. */
  readonly retries?: number;
  /** The most that the first wait can be, in ms (250); it doubles with each attempt. */
  readonly baseDelayMs?: number;
  /** The most that the random part of a wait can be, in ms (10 000); what `Retry-After` asks for comes on top. */
  readonly maxDelayMs?: number;
  /**
   * The longest `Retry-After` that is waited for, in ms (60 000). A longer one is for you: the answer is handed over. No
   * wait is longer than this and `maxDelayMs` together, nor than a timer can be, which is 24 days.
   */
  readonly maxRetryAfterMs?: number;
  /** How long one attempt may take, with its whole answer, in ms (30 000). */
  readonly timeoutMs?: number;
  /** Called before each wait, for your log. */
  readonly onRetry?: (retry: Retry) => void;
  /** Waits; rejects with the signal's reason when that is aborted. For tests. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number from 0 to below 1. For tests. */
  readonly random?: () => number;
}

/** What may pass by itself. 500 too: the service has stored nothing, and the same request again is safe. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** Answers that have no body, for which even an empty one is an error. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** A timer that is set for longer goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * A fetch that asks again when there was no answer, or only half of one, or one that says that it may get better. It waits
 * as long as `Retry-After` says and a little more, else for a random time below a bound that doubles ("full jitter":
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). The last answer is handed over whatever it
 * is, the last failure thrown: of an attempt that took too long, a `TimeoutError`. The signal of the request ends attempts
 * and waits at once.
 */
export function retryingFetch(fetch: Fetch, options: RetryOptions = {}): Fetch {
  const { retries = 4, baseDelayMs = 250, maxDelayMs = 10_000, maxRetryAfterMs = 60_000, timeoutMs = 30_000 } = options;
  const { onRetry, sleep = sleepFor, random = Math.random } = options;

  return async (request) => {
    const body = await bodyOf(request);
    for (let number = 1; ; number++) {
      request.signal.throwIfAborted();
      let outcome: { response: Response } | { error: unknown };
      try {
        outcome = { response: await attempt(fetch, request, body, timeoutMs) };
      } catch (error) {
        request.signal.throwIfAborted();
        outcome = { error };
      }
      const response = 'response' in outcome ? outcome.response : undefined;
      const asked = retryAfterMs(response) ?? 0;
      const passing = response === undefined || PASSING.has(response.status);
      if (!passing || number > retries || asked > maxRetryAfterMs) {
        if ('response' in outcome) return outcome.response;
        throw outcome.error;
      }
      const jitter = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (number - 1));
      const delayMs = Math.min(asked + jitter, LONGEST_TIMER_MS);
      onRetry?.({ attempt: number, delayMs, ...(response ? { status: response.status } : outcome) });
      await sleep(delayMs, request.signal);
    }
  };
}

/** Read once, so that each attempt sends the same; undefined where there can be none. */
async function bodyOf(request: Request): Promise<ArrayBuffer | undefined> {
  return request.method === 'GET' || request.method === 'HEAD' ? undefined : request.arrayBuffer();
}

/**
 * Once, with the whole answer; rejects when that takes too long or the request's signal is aborted, whatever fetch does. The
 * timer and the listener are what holds all this: AbortSignal.any and AbortSignal.timeout hold nothing, and after a garbage
 * collection they never fire (https://github.com/nodejs/node/issues/57736).
 */
async function attempt(
  fetch: Fetch,
  request: Request,
  body: ArrayBuffer | undefined,
  timeoutMs: number,
): Promise<Response> {
  const controller = new AbortController();
  const { signal } = controller;
  const sent = new Request(request, { signal, ...(body && { body }) });
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
  const stop = () => {
    controller.abort(request.signal.reason);
  };
  const tooLong = () => {
    controller.abort(new DOMException(`no whole answer within ${String(timeoutMs)} ms`, 'TimeoutError'));
  };
  const timer = setTimeout(tooLong, Math.min(timeoutMs, LONGEST_TIMER_MS));
  request.signal.addEventListener('abort', stop);
  try {
    return await Promise.race([wholeAnswer(fetch, sent), ended]);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', stop);
  }
}

async function wholeAnswer(fetch: Fetch, request: Request): Promise<Response> {
  const response = await fetch(request);
  const body = await response.arrayBuffer();
  const { status, statusText, headers } = response;
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, statusText, headers });
}

/**
 * What `Retry-After` asks for, in ms from now: seconds or a date (RFC 9110, section 10.2.3). A date counts from the answer's
 * own `Date`, so that clocks need not agree.
 */
function retryAfterMs(response: Response | undefined): number | undefined {
  const value = response?.headers.get('Retry-After')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  if (!value.endsWith('GMT')) return undefined;
  const until = Date.parse(value) - (Date.parse(response?.headers.get('Date') ?? '') || Date.now());
  return Number.isNaN(until) ? undefined : Math.max(0, until);
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
