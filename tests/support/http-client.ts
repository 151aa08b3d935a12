import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { contractFaults, unreadableFaults, type Answer } from './contract-check.ts';
import { insideDetails } from './inside-details.ts';
import type { SentRequest } from './leak-watch.ts';

/** Ways to call a service. Each throws if an answer violates the contract. */

export interface CheckedAnswer extends Answer {
  /** The body, which the check has found to obey the contract. */
  json(): unknown;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** Sends the body of {@link HttpClient.stream}. */
export interface Sending {
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  readonly end: () => void;
  readonly destroy: () => void;
}

export interface HttpClient {
  fetch(path: string, ask?: Ask): Promise<CheckedAnswer>;
  /** As GET and as HEAD, which must agree. Returns the answer to GET. */
  read(path: string, headers?: Readonly<Record<string, string>>): Promise<CheckedAnswer>;
  /** A POST of a body, signed with the service's secret; a value is sent as JSON. */
  webhook(body: unknown, headers?: Readonly<Record<string, string>>): Promise<CheckedAnswer>;
  /** Chunked, with methods and paths that fetch rejects or would change. */
  stream(ask: Ask & { path: string }, send?: (sending: Sending) => Promise<void>): Promise<CheckedAnswer>;
  /**
   * Raw bytes; the other side has to close. `path` is what they request, if it differs from the target.
   * Answers to bytes that are not a request are checked as such.
   */
  raw(bytes: string | Uint8Array, options?: { halfClose?: boolean; path?: string }): Promise<CheckedAnswer>;
}

export function sign(secret: string, body: string | Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** `sent` receives each request just before it goes out, so that a test can look for its values elsewhere. */
export function httpClient(origin: string, secret: string, sent: (request: SentRequest) => void): HttpClient {
  const { hostname, port } = new URL(origin);

  async function ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<CheckedAnswer> {
    sent({ target: path, headers, body });
    const response = await fetch(`${origin}${path}`, {
      method,
      headers,
      redirect: 'error',
      ...(body !== undefined && { body }),
    });
    return checked(method, path, { status: response.status, headers: response.headers, body: await bodyOf(response) });
  }

  return {
    fetch: ask,

    async read(path, headers = {}) {
      const [get, head] = [await ask(path, { headers }), await ask(path, { method: 'HEAD', headers })];
      if (told(get) !== told(head)) throw new Error(`HEAD ${path} is unlike GET: ${told(head)}, ${told(get)}`);
      return get;
    },

    webhook(body, headers = {}) {
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      const signed = { 'content-type': 'application/json', 'x-signature': sign(secret, bytes), ...headers };
      return ask('/webhook', { method: 'POST', headers: signed, body: bytes as string | Uint8Array<ArrayBuffer> });
    },

    async stream({ path, method = 'GET', headers = {}, body }, send) {
      sent({ target: path, headers, body });
      const outgoing = request({ hostname, port, path, method, headers, agent: false });
      const answered = once(outgoing, 'response');
      const sending = send?.({
        write: (chunk) =>
          new Promise((resolve) => {
            outgoing.write(chunk, () => {
              resolve(); // a body that could not be written shows in the answer
            });
          }),
        end: () => void outgoing.end(),
        destroy: () => void outgoing.destroy(),
      });
      if (send === undefined) outgoing.end(body);
      const [incoming] = (await Promise.race([answered, sending?.then(() => answered) ?? answered])) as [
        IncomingMessage,
      ];
      const answer = {
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming.rawHeaders),
        body: await text(incoming),
      };
      outgoing.destroy();
      return checked(method, path, answer);
    },

    async raw(bytes, { halfClose = false, path } = {}) {
      const [method = '', target = ''] = Buffer.from(bytes).toString('latin1').split(' ', 2);
      sent({ target, ...headAndBody(Buffer.from(bytes).toString()) });
      const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      await once(socket, 'connect');
      socket[halfClose ? 'end' : 'write'](bytes);
      const answer = parseAnswer(await text(socket));
      socket.destroy();
      const unread = [400, 408, 431].includes(answer.status);
      return unread ? demand(answer, unreadableFaults(answer)) : checked(method, path ?? target, answer);
    },
  };
}

/** Of a stream, which does not end, the beginning. */
async function bodyOf(response: Response): Promise<string> {
  if (response.body === null || response.headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    return response.text();
  }
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) return Buffer.from(chunk).toString();
  return '';
}

/** The headers that are equal in all answers; fetch closes the connection after a HEAD, which has no chunks. */
function told({ status, headers }: Answer): string {
  const changing = ['connection', 'keep-alive', 'date', 'x-request-id', 'content-length', 'transfer-encoding'];
  return JSON.stringify([status, ...[...headers].filter(([name]) => !changing.includes(name))]);
}

function checked(method: string, path: string, answer: Answer): CheckedAnswer {
  return demand(answer, contractFaults(method, path, answer));
}

function demand(answer: Answer, contractFaults: readonly string[]): CheckedAnswer {
  const faults = [...contractFaults, ...insideDetails(answer)];
  if (faults.length > 0) throw new Error(`not as the contract says:\n${faults.join('\n')}`);
  return { ...answer, json: () => JSON.parse(answer.body) as unknown };
}

/** One answer as received, which ends with the connection. */
function parseAnswer(wire: string): Answer {
  const end = wire.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = wire.slice(0, end === -1 ? undefined : end).split('\r\n');
  const pairs = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const headers = headersOf(pairs);
  const rest = wire.slice(end + 4);
  const body =
    headers.get('transfer-encoding') === 'chunked' ? rest.replace(/^[0-9a-f]+\r\n|\r\n(?:0\r\n)?$/gi, '') : rest;
  return { status: Number(statusLine.split(' ')[1]), headers, body };
}

/** The request that bytes stand for; they need not be valid. */
function headAndBody(bytes: string): SentRequest {
  const [head = '', ...rest] = bytes.split('\r\n\r\n');
  const lines = head.split('\r\n').map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]);
  return { headers: Object.fromEntries(lines) as Record<string, string>, body: rest.join('\r\n\r\n') };
}

function headersOf(pairs: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < pairs.length; i += 2) headers.append(pairs[i] ?? '', pairs[i + 1] ?? '');
  return headers;
}
