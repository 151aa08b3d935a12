import { createParser } from 'eventsource-parser';
import { asFailure } from './failure.js';
import { watchdog } from './watchdog.js';

/** After the service's own `retry`, each pause is twice the last, up to this. */
const LONGEST_PAUSE_MS = 30_000;
/** The service sends something every 15 s, so a connection that is silent for this long is dead. */
const SILENCE_MS = 45_000;
/** After a longer interruption the page reloads the table instead of replaying all messages. */
const LONGEST_GAP_MS = 300_000;

/**
 * @typedef {{ kind: 'connecting' } | { kind: 'live' } | { kind: 'waiting', ms: number } | { kind: 'ended', failure: import('./failure.js').Failure }} TailState
 *
 * @typedef {object} Following
 * @property {(lastId: string, signal: AbortSignal) => Promise<Response>} connect rejects with a Failure
 * @property {(data: string) => void} onMessage one message as JSON, in the order in which they were stored
 * @property {() => void} onReset messages may have been missed: reload the shown list
 * @property {(state: TailState) => void} onState
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} wait resolves early when it makes sense to try at once
 * @property {() => number} now ms, only going forward
 * @property {AbortSignal} signal ends it
 */

/**
 * Follows the message stream, and resumes at its position after each interruption: no message is missed or repeated. Ends with
 * `signal`, or when the service rejects it permanently.
 * @param {Following} following
 */
export async function follow({ connect, onMessage, onReset, onState, wait, now, signal }) {
  let lastId = '';
  let lastHeard = now();
  let retry = 2_000;
  let pause = retry;

  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'message') onMessage(data);
      else if (event === 'reset') onReset();
    },
    onId(id) {
      lastId = id; // at the end of its event, even if the event has no other field
    },
    onRetry(ms) {
      retry = pause = Math.min(ms, LONGEST_PAUSE_MS);
    },
  });

  while (!signal.aborted) {
    onState({ kind: 'connecting' });
    if (lastId !== '' && now() - lastHeard > LONGEST_GAP_MS) {
      lastId = '';
      onReset();
    }
    let atLeast = 0;
    try {
      const watched = watchdog(SILENCE_MS, signal);
      try {
        const response = await connect(lastId, watched.signal);
        onState({ kind: 'live' });
        for await (const text of texts(response)) {
          watched.heard();
          lastHeard = now();
          pause = retry;
          parser.feed(text);
        }
      } finally {
        watched.stop();
        parser.reset();
      }
    } catch (error) {
      const failure = asFailure(error);
      if (signal.aborted) return;
      if (['key', 'missing', 'invalid'].includes(failure.kind)) {
        onState({ kind: 'ended', failure });
        return;
      }
      atLeast = (failure.retryAfter ?? 0) * 1_000;
    }
    const ms = Math.max(pause, atLeast);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    onState({ kind: 'waiting', ms });
    await wait(ms, signal);
  }
}

/** @param {Response} response */
async function* texts({ body }) {
  if (body === null) return;
  const decoder = new TextDecoder();
  const reader = body.getReader(); // not for await: Safari cannot
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
