import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET } from '../support/service.ts';

/** The results of one phase of sending. Times in ms. */
export interface Sent {
  readonly acknowledged: string[];
  readonly acceptedMs: number[];
  readonly shedMs: number[];
  /** Without an answer: the service closed the connection while the body was still being sent. Nothing was acknowledged. */
  cut: number;
  /** Answers that are neither a 200 nor a 503 as in the contract, in words. */
  readonly faults: string[];
  seconds: number;
}

export interface Sending {
  readonly port: number;
  /** The number of concurrent senders, each sending one message after the other. */
  readonly senders: number;
  /** Messages per second that all of them send together, if they are answered in time. */
  readonly perSecond: number;
  readonly seconds: number;
  /** The approximate size of each body. */
  readonly bytes: number;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** Sends new messages at a steady rate; a rejected sender continues with the next message without a wait. */
export async function sendAll(sending: Sending): Promise<Sent> {
  const { port, senders, perSecond, seconds, bytes, prefix, signal } = sending;
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const sent: Sent = { acknowledged: [], acceptedMs: [], shedMs: [], cut: 0, faults: [], seconds: 0 };
  const padding = 'x'.repeat(bytes);
  const start = performance.now();
  const interval = (1_000 * senders) / perSecond;
  let next = 0;

  async function sender(number: number): Promise<void> {
    for (let turn = number / senders; ; turn++) {
      const now = performance.now();
      const due = Math.max(now, start + turn * interval);
      if (signal.aborted || due - start >= seconds * 1_000) return;
      if (due > now) await new Promise((resolve) => setTimeout(resolve, due - now));
      const id = `${prefix}-${String(next++)}`;
      await post(port, agent, JSON.stringify({ ...MESSAGE, message_id: id, padding }), id, sent);
    }
  }

  await Promise.all(Array.from({ length: senders }, (_, number) => sender(number)));
  sent.seconds = (performance.now() - start) / 1_000;
  agent.destroy();
  return sent;
}

async function post(port: number, agent: Agent, body: string, id: string, sent: Sent): Promise<void> {
  const startedAt = performance.now();
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-signature': sign(SECRET, body),
  };
  try {
    const { status, retryAfter, answer } = await new Promise<{ status: number; retryAfter?: string; answer: string }>(
      (resolve, reject) => {
        const outgoing = request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/webhook', headers });
        outgoing.on('error', reject).on('response', (incoming) => {
          const { statusCode: code = 0, headers: got } = incoming;
          text(incoming).then((all) => {
            const wait = got['retry-after'];
            resolve({ status: code, answer: all, ...(wait !== undefined && { retryAfter: wait }) });
          }, reject);
        });
        outgoing.end(body);
      },
    );
    const ms = performance.now() - startedAt;
    if (status === 200) {
      sent.acknowledged.push(id);
      sent.acceptedMs.push(ms);
    } else if (status === 503 && /^[1-9]\d*$/.test(retryAfter ?? '') && answer.includes('"/problems/unavailable"')) {
      sent.shedMs.push(ms);
    } else {
      sent.faults.push(`${String(status)} ${answer.slice(0, 200)}`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || code === 'EPIPE') sent.cut++;
    else throw error;
  }
}

/** The value below which this share of the values lies; NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
}
