/** Retries. Every operation of the service can be repeated safely, because the service stores the same message only once. */

export type Fetch = (request: Request) => Promise<Response>;

export interface Retry {
  /** Number of the failed attempt, from 1. */
  readonly attempt: number;
  /** Delay before the next attempt, in ms. */
  readonly delayMs: number;
  /** Status of the answer, if there was one. */
  readonly status?: number;
  /** The error, if there was no answer. */
  readonly error?: unknown;
}

export interface RetryOptions {
  /** Attempts after the first one (4); 0 disables retries. */
  readonly retries?: number;
  /** Maximum of the first wait, in ms (250); it doubles with each attempt. */
  readonly baseDelayMs?: number;
  /** Maximum of the random part of a wait, in ms (10 000); `Retry-After` is added to it. */
  readonly maxDelayMs?: number;
  /**
   * Maximum `Retry-After` to wait for, in ms (60 000). If it is longer, the call returns the answer at once. A wait is never
   * longer than this plus `maxDelayMs`, or than the maximum of a timer, 24 days.
   */
  readonly maxRetryAfterMs?: number;
  /** Maximum duration of one attempt with its complete answer, in ms (30 000). */
  readonly timeoutMs?: number;
  /** Called before each wait, for your log. */
  readonly onRetry?: (retry: Retry) => void;
  /** Waits; rejects with the signal's reason when the signal is aborted. For tests. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 to below 1. For tests. */
  readonly random?: () => number;
}

/** Statuses of temporary failures. 500 is included, because a retry of the same request is safe. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);
/** Statuses without a body: `Response` throws if they get even an empty one. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** A longer timer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns a fetch that retries after no answer, an incomplete answer or a temporary failure. It waits for `Retry-After`
 * plus a random time below a bound that doubles ("full jitter":
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). It returns the last answer, whatever its
 * status, or throws the last error: a `TimeoutError` if the attempt took too long. The signal of the request ends attempts
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
      const temporary = response === undefined || TEMPORARY.has(response.status);
      if (!temporary || number > retries || asked > maxRetryAfterMs) {
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

/** Reads the body once, because each attempt sends it; undefined if the method allows no body. */
async function bodyOf(request: Request): Promise<ArrayBuffer | undefined> {
  return request.method === 'GET' || request.method === 'HEAD' ? undefined : request.arrayBuffer();
}

/**
 * Sends the request once and reads the complete answer. Rejects if that takes too long or the request's signal is aborted,
 * even if fetch does not react. The timer and the listener keep the controller reachable: AbortSignal.any and
 * AbortSignal.timeout do not, and after a garbage collection they never fire
 * (https://github.com/nodejs/node/issues/57736).
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
 * Returns the wait that `Retry-After` requests, in ms: seconds or a date (RFC 9110, section 10.2.3). A date counts from the
 * answer's own `Date`, because the clocks may differ.
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
