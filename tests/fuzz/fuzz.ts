import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { contractFaults, type Answer } from '../support/contract-check.ts';
import { insideDetails } from '../support/inside-details.ts';
import { type RunningService, startService } from '../support/service.ts';
import { READ_KEY } from './attempts.ts';
import { MAX_BODY_BYTES } from './bodies.ts';
import { curlOf } from './curl.ts';
import { requests, type FuzzRequest } from './requests.ts';
import { SECRETS } from './signatures.ts';

/** Sends requests derived from the contract to a service, and judges every answer by the contract. */

export interface FuzzReport {
  /** The number of answers of each status per operation. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** The fault in the first request that was answered wrongly, shrunk as far as possible, and the request. */
  readonly failure: { readonly faults: string; readonly request: FuzzRequest; readonly curl: string } | null;
}

/** fast-check still generates up to this number of requests, which are not sent, after it is asked to stop. */
const RUNS_AT_A_TIME = 500;

/** The time limit of an answer in ms. Every answer takes less than a hundredth of it; a hang takes forever. */
const DEADLINE_MS = 60_000;

/**
 * A service for the fuzzer: everything is enabled, reads need a key, wrong signatures get 401 in any number, and its
 * log has every line to check.
 */
export function startFuzzedService(): Promise<RunningService> {
  return startService({
    ...SECRETS,
    WHATSAPP_VERIFY_TOKEN: 'a-word-that-only-you-and-meta-know',
    READ_API_KEYS: READ_KEY,
    MAX_BODY_BYTES: String(MAX_BODY_BYTES),
    RATE_LIMIT_BAD_SIGNATURES_PER_MINUTE: '0',
    LOG_LEVEL: 'DEBUG',
  });
}

export async function fuzz(
  origin: string,
  options: { runs: number; seed: number; onRun?: (done: number) => void; signal?: AbortSignal },
): Promise<FuzzReport> {
  const counts = new Map<string, Map<number, number>>();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (one: Sendable): Promise<Answer> => send(origin, agent, one);
  let stored = await storedMessages(ask);
  let done = 0;

  const property = fc.asyncProperty(requests(origin), async (request) => {
    if (options.signal?.aborted === true) return;
    const answer = await ask(request);
    const faults = [...contractFaults(request.method, request.target, answer), ...insideDetails(answer)];
    if (!request.expected.includes(answer.status)) {
      faults.push(`${request.attempt}, so it should be ${request.expected.join(' or ')}, not ${String(answer.status)}`);
    }
    if (request.method === 'POST') {
      const before = stored;
      stored = await storedMessages(ask);
      if (faults.length === 0) faults.push(...(await storeFaults(request, answer, stored - before, ask)));
    }
    const ofOperation = counts.get(request.operationId) ?? new Map<number, number>();
    counts.set(request.operationId, ofOperation.set(answer.status, (ofOperation.get(answer.status) ?? 0) + 1));
    options.onRun?.(++done);
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });

  try {
    for (let begun = 0; begun < options.runs && options.signal?.aborted !== true; begun += RUNS_AT_A_TIME) {
      const numRuns = Math.min(RUNS_AT_A_TIME, options.runs - begun);
      const result = await fc.check(property, { numRuns, seed: options.seed + begun });
      const [request] = result.counterexample ?? [];
      if (request === undefined) continue;
      const faults = (result.errorInstance as Error).message;
      return { counts, failure: { faults, request, curl: curlOf(origin, request) } };
    }
    return { counts, failure: null };
  } finally {
    agent.destroy();
  }
}

type Sendable = Pick<FuzzRequest, 'method' | 'target' | 'headers' | 'body'>;

/** Rejects if no answer arrives in time. */
export async function send(origin: string, agent: Agent, { method, target, headers, body }: Sendable): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const outgoing = httpRequest({
    hostname,
    port,
    agent,
    method,
    path: target,
    headers: { ...headers, ...(body !== null && { 'Content-Length': String(body.length) }) },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.end(body ?? undefined);
  const [incoming] = await answered;
  outgoing.on('error', () => undefined); // a service need not read a rejected body to its end
  const received = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    received.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  }
  return { status: incoming.statusCode ?? 0, headers: received, body: await bodyOf(incoming) };
}

/** The whole body, or the beginning of one that does not end. */
async function bodyOf(incoming: IncomingMessage): Promise<string> {
  if (incoming.headers['content-type']?.startsWith('text/event-stream') !== true) return text(incoming);
  for await (const chunk of incoming) return String(chunk); // leaving the loop closes the connection
  return '';
}

const reading = { method: 'GET', headers: { Authorization: `Bearer ${READ_KEY}` }, body: null };

async function storedMessages(ask: (one: Sendable) => Promise<Answer>): Promise<number> {
  const { body } = await ask({ ...reading, target: '/stats' });
  return (JSON.parse(body) as { total_messages: number }).total_messages;
}

/** Whether the answer to a POST is true of the stored messages. */
async function storeFaults(
  request: FuzzRequest,
  answer: Answer,
  added: number,
  ask: (one: Sendable) => Promise<Answer>,
): Promise<string[]> {
  const created = createdBy(request, answer);
  if (created !== null && created !== added)
    return [`${String(created)} created, but ${String(added)} more are stored`];
  if (created !== 1 || !request.operationId.startsWith('ingest') || answer.headers.get('x-message-result') === null) {
    return [];
  }
  const sent = JSON.parse((request.body ?? '').toString()) as Record<string, unknown>;
  const provider = request.operationId === 'ingestMessage' ? 'webhook' : 'standard';
  const target = `/messages/${encodeURIComponent(String(sent['message_id']))}?provider=${provider}`;
  const found = await ask({ ...reading, target });
  const kept = found.status === 200 ? (JSON.parse(found.body) as Record<string, unknown>) : {};
  return ['message_id', 'from', 'to', 'text']
    .filter((name) => (kept[name] ?? null) !== (sent[name] ?? null))
    .map((name) => `${name} is stored as ${JSON.stringify(kept[name])}`);
}

/** The number of newly stored messages by the answer; null if the answer has none. */
function createdBy({ operationId }: FuzzRequest, { status, headers, body }: Answer): number | null {
  if (status !== 200) return 0;
  if (operationId === 'ingestTwilio') return null;
  if (operationId === 'ingestWhatsApp')
    return (JSON.parse(body) as { outcomes: { created?: number } }).outcomes.created ?? 0;
  return headers.get('x-message-result') === 'created' ? 1 : 0;
}
