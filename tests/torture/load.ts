import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { postWebhook, type WebhookAnswer } from '../support/post-webhook.ts';
import { byLength } from '../support/length.ts';
import { nextMessage, type Ledger, type WireMessage } from './ledger.ts';
import type { Random } from './random.ts';

/** Providers that send all the time, again what was not answered with 200, and some of it twice for no reason. */
export interface Load {
  /** How many answers of 503 with a `Retry-After` there were so far. */
  readonly shed: () => number;
  /** What else there was but 200, in words: other answers, and connections that were refused or broke. */
  readonly refused: () => string[];
  /** Sends no more; resolves when every request under way has been answered or has failed. */
  stop(): Promise<void>;
}

/** How long a sender waits after a refusal; less than any provider does. */
const PAUSE_MS = 10;
/** The short form leaves the processors to the suites beside it; with no pause, both are busy all the time. */
const SENDERS = byLength({ short: 8, long: 24 });
const BETWEEN_MS = byLength({ short: 3, long: 0 });

export function startLoad(port: () => number, ledger: Ledger, random: Random, senders = SENDERS): Load {
  const agent = new Agent({ keepAlive: true });
  const others = new Map<string, number>();
  const unanswered: WireMessage[] = [];
  let shed = 0;
  let stopping = false;

  function next(): WireMessage {
    if (random.below(10) < 2) {
      const earlier = ledger.sent.get(`m${String(random.below(ledger.sent.size + 1))}`);
      if (earlier !== undefined) return earlier;
    }
    return unanswered.pop() ?? nextMessage(ledger, random);
  }

  async function deliver(message: WireMessage): Promise<boolean> {
    const answer = await postWebhook(port(), JSON.stringify(message), agent).catch(
      (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error),
    );
    if (typeof answer !== 'string' && answer.status === 200) {
      record(ledger, message, answer);
      return true;
    }
    if (typeof answer !== 'string' && answer.status === 503 && /^[1-9]\d*$/.test(answer.retryAfter ?? '')) {
      shed++;
    } else {
      const what =
        typeof answer === 'string' ? answer : `${String(answer.status)}, Retry-After: ${answer.retryAfter ?? 'none'}`;
      others.set(what, (others.get(what) ?? 0) + 1);
    }
    unanswered.push(message);
    return false;
  }

  async function sender(): Promise<void> {
    while (!stopping) {
      const pauseMs = (await deliver(next())) ? BETWEEN_MS : PAUSE_MS;
      if (pauseMs > 0) await delay(pauseMs);
    }
  }

  const finished = Promise.all(Array.from({ length: senders }, sender));
  return {
    shed: () => shed,
    refused: () => [...others].map(([what, times]) => `${what}, ${String(times)} times`),
    async stop() {
      stopping = true;
      await finished;
      agent.destroy();
    },
  };
}

/** Sends everything that was ever sent once more, so that all of it must be stored in the end. */
export async function deliverAll(port: number, ledger: Ledger): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 });
  const missing = [...ledger.sent.values()].filter(({ message_id: id }) => !ledger.acknowledged.has(id));
  await Promise.all(
    missing.map(async (message) => {
      const answer = await postWebhook(port, JSON.stringify(message), agent);
      if (answer.status !== 200) throw new Error(`${message.message_id} was answered with ${String(answer.status)}`);
      record(ledger, message, answer);
    }),
  );
  agent.destroy();
}

/** Notes an answer of 200. */
export function record(ledger: Ledger, { message_id: id }: WireMessage, { result }: WebhookAnswer): void {
  ledger.acknowledged.add(id);
  if (result === 'created') ledger.created.set(id, (ledger.created.get(id) ?? 0) + 1);
  else if (result !== 'duplicate') throw new Error(`${id} became ${String(result)}`);
}
