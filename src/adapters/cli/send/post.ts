import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sendRequest } from './request.ts';

/** The result of one message: the outcome that the service reported, or the reason why it did not accept the message. */
export type Result =
  | { readonly accepted: true; readonly outcomes: Readonly<Record<string, number>>; readonly latencyMs: number }
  | { readonly accepted: false; readonly answered: boolean; readonly reason: string; readonly latencyMs: number };

export interface Attempt {
  readonly url: string;
  readonly body: Uint8Array;
  /** Created for each attempt, because some signatures contain a time. */
  readonly headers: () => Record<string, string>;
}

export interface RetryOptions {
  readonly retries: number;
  /** Ends waits, but not a request in flight. */
  readonly signal: AbortSignal;
  /** Called before each retry, because retries are useless if nothing has ever answered. */
  readonly worthwhile: (answered: boolean) => boolean;
  readonly onRetry: () => void;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** A longer `Retry-After` means that the failure is not temporary, such as a missing secret. */
const MAX_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 200;
const PASSING = [429, 502, 503, 504];

/**
 * Retries until the service accepts or rejects the message, or the attempts are used up. Rejects with the signal's reason
 * if it is aborted during a wait.
 */
export async function post(attempt: Attempt, { retries, signal, worthwhile, onRetry }: RetryOptions): Promise<Result> {
  for (let tried = 0; ; tried++) {
    const started = performance.now();
    const answer = await once(attempt);
    const latencyMs = performance.now() - started;
    if (answer.accepted) return { ...answer, latencyMs };
    const { answered, reason } = answer;
    const waitMs = answer.waitMs ?? Math.min(FIRST_WAIT_MS * 2 ** tried, MAX_WAIT_MS);
    if (!answer.passing || tried >= retries || waitMs > MAX_WAIT_MS || !worthwhile(answered)) {
      return { accepted: false, answered, reason, latencyMs };
    }
    onRetry();
    await delay(waitMs, undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}

type Answer =
  | { readonly accepted: true; readonly outcomes: Readonly<Record<string, number>> }
  | {
      readonly accepted: false;
      readonly answered: boolean;
      readonly reason: string;
      readonly passing: boolean;
      readonly waitMs: number | null;
    };

async function once({ url, body, headers }: Attempt): Promise<Answer> {
  try {
    const answer = await sendRequest(url, { method: 'POST', headers: headers(), body, timeoutMs: REQUEST_TIMEOUT_MS });
    const { status, phrase, text } = answer;
    if (status >= 200 && status < 300) return { accepted: true, outcomes: outcomesIn(answer.headers, text) };
    return {
      accepted: false,
      answered: true,
      reason: `${String(status)} ${problemIn(text) ?? phrase}`.trimEnd(),
      passing: PASSING.includes(status),
      waitMs: retryAfterMs(answer.headers),
    };
  } catch (error) {
    return { accepted: false, answered: false, reason: `no answer: ${faultOf(error)}`, passing: true, waitMs: null };
  }
}

/**
 * Returns the result of a message, the outcomes of a notification, or a note that the provider's response has no result.
 */
function outcomesIn(headers: IncomingHttpHeaders, text: string): Record<string, number> {
  const one = headers['x-message-result'];
  if (typeof one === 'string') return { [one]: 1 };
  const { outcomes } = objectIn(text) as { outcomes?: Record<string, number> };
  return outcomes ?? { accepted: 1 };
}

/** Returns a problem document (RFC 9457) as one line. */
function problemIn(text: string): string | undefined {
  const { title, detail, errors } = objectIn(text) as Partial<Record<'title' | 'detail' | 'errors', unknown>>;
  const [first] = Array.isArray(errors) ? (errors as { loc?: unknown[]; msg?: string }[]) : [];
  const field = first === undefined ? undefined : `${first.loc?.join('.') ?? ''} ${first.msg ?? ''}`.trim();
  const words = [title, field ?? detail].filter((word) => typeof word === 'string');
  return words.length === 0 ? undefined : words.join(': ');
}

function objectIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Seconds; the form with a date is for caches, and no service of ours sends it. */
function retryAfterMs(headers: IncomingHttpHeaders): number | null {
  const value = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : null;
}

function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}
