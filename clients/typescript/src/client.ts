import createClient, { type Client, type Middleware } from 'openapi-fetch';
import type {
  IngestRequest,
  Message,
  MessageDetail,
  MessageList,
  operations,
  paths,
  Stats,
} from './generated/openapi.ts';
import { ProblemError, unwrap } from './problem.ts';
import { retryingFetch, type Fetch, type RetryOptions } from './retry.ts';
import { signWebhook } from './signature.ts';

export interface InboxClientOptions extends RetryOptions {
  /** Address of the service, such as `https://inbox.example.com`; may have a path. */
  readonly baseUrl: string;
  /** One of the operator's `READ_API_KEYS`, if reading requires one. */
  readonly readKey?: string;
  /** The operator's `WEBHOOK_SECRET`, only for sending. Never use it in a browser: anyone who has it can forge messages. */
  readonly webhookSecret?: string;
  /** Replaces the global `fetch`, for a proxy, a test or a log. */
  readonly fetch?: Fetch;
}

export interface CallOptions {
  /** Ends the call with all its attempts and waits; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `created`: stored now. `duplicate`: stored before. `conflict`: another message has this id, and the service keeps that one. */
export type MessageResult = 'created' | 'duplicate' | 'conflict';

type ListQuery = NonNullable<operations['listMessages']['parameters']['query']>;
type ProviderQuery = NonNullable<operations['getMessage']['parameters']['query']>;

/** Filters, which must all match, and the number of messages per page. */
export interface MessageFilter extends Omit<ListQuery, 'offset' | 'cursor'> {
  /** The `next_cursor` to resume an earlier read with the same filters; without it, the read begins at the first message. */
  readonly cursor?: string | null | undefined;
}

/**
 * The client of the service. Its methods are named as in the contract, retry temporary failures, and throw a
 * {@link ProblemError} for every other unsuccessful answer. If there is no answer, they throw the error of fetch.
 */
export interface InboxClient {
  /** Signs a message and sends it. Resolves when it is durable; sending the same one again is safe. */
  ingestMessage(message: IngestRequest, options?: CallOptions): Promise<MessageResult>;
  /** Returns one page. */
  listMessages(query?: ListQuery, options?: CallOptions): Promise<MessageList>;
  /**
   * Returns every page from the first, or from a cursor. It misses no message that was stored before you began. Messages
   * are ordered by the senders' `ts`: a message stored meanwhile appears only if its `ts` is after the current page. To
   * resume an interrupted read, keep the `next_cursor` of the last page that you have processed; null ends the read.
   */
  listMessagePages(filter?: MessageFilter, options?: CallOptions): AsyncGenerator<MessageList, void, undefined>;
  /** Returns every message of these pages, in order; requests the next page after you have consumed the one before. */
  listAllMessages(filter?: MessageFilter, options?: CallOptions): AsyncGenerator<Message, void, undefined>;
  getMessage(messageId: string, query?: ProviderQuery, options?: CallOptions): Promise<MessageDetail>;
  getStats(options?: CallOptions): Promise<Stats>;
  /**
   * Every operation of the contract, typed, by method and path. It retries, but returns errors and does not throw them. It
   * throws for a success that is not JSON, unless `parseAs` names another format.
   */
  readonly api: Client<paths>;
}

/** The largest page of the contract, which needs the fewest requests. */
const MAX_PAGE = 100;

/**
 * Creates a client.
 *
 * @throws {TypeError} `baseUrl` is not an absolute http or https URL
 */
export function createInboxClient(options: InboxClientOptions): InboxClient {
  const { baseUrl, readKey, webhookSecret, fetch = (request) => globalThis.fetch(request) } = options;
  if (!/^https?:$/.test(new URL(baseUrl).protocol)) throw new TypeError('baseUrl must begin with http:// or https://');
  const headers = readKey === undefined ? {} : { Authorization: `Bearer ${readKey}` };
  const api = createClient<paths>({ baseUrl, headers, fetch: retryingFetch(fetch, options) });
  api.use(rejectNonJson);

  const listMessages: InboxClient['listMessages'] = async (query = {}, call = {}) => {
    const asked = api.GET('/messages', { params: { query }, ...call });
    const page: Partial<MessageList> = await unwrap(asked);
    // As the last page, it would end the read too early; as any other, the read would never end.
    if (!isPage(page)) throw new ProblemError((await asked).response, page);
    return page;
  };

  async function* listMessagePages({ cursor, ...filter }: MessageFilter = {}, call: CallOptions = {}) {
    for (let next = cursor ?? undefined; ;) {
      const page = await listMessages(
        { limit: MAX_PAGE, ...filter, ...(next !== undefined && { cursor: next }) },
        call,
      );
      yield page;
      if (page.next_cursor === null) return;
      next = page.next_cursor;
    }
  }

  return {
    api,
    listMessages,
    listMessagePages,
    async *listAllMessages(filter, call) {
      for await (const { data } of listMessagePages(filter, call)) {
        for (const message of data) {
          call?.signal?.throwIfAborted();
          yield message;
        }
      }
    },
    getMessage: (messageId, query = {}, call = {}) =>
      unwrap(api.GET('/messages/{message_id}', { params: { path: { message_id: messageId }, query }, ...call })),
    getStats: (call = {}) => unwrap(api.GET('/stats', { ...call })),

    async ingestMessage(message, call = {}) {
      if (webhookSecret === undefined) throw new TypeError('give the client a webhookSecret to send messages with');
      const body = JSON.stringify(message);
      const signed = { 'X-Signature': await signWebhook(body, webhookSecret) };
      // The serializer sends exactly the signed bytes.
      const sent = api.POST('/webhook', { body: message, bodySerializer: () => body, headers: signed, ...call });
      const { data, error, response } = await sent;
      const result = response.headers.get('X-Message-Result');
      // A proxy may answer 200, too: the message is stored only if the service names the result.
      if (data?.status !== 'ok' || !isResult(result)) throw new ProblemError(response, error);
      return result;
    },
  };
}

/** Turns a proxy's page in place of an answer into a {@link ProblemError}, instead of an error of the parser. */
const rejectNonJson: Middleware = {
  async onResponse({ response, options }) {
    if (!response.ok || options.parseAs !== 'json') return;
    const text = await response.clone().text();
    try {
      if (text !== '') JSON.parse(text);
    } catch {
      throw new ProblemError(response, text);
    }
  },
};

function isPage(page: Partial<MessageList>): page is MessageList {
  return Array.isArray(page.data) && (page.next_cursor === null || typeof page.next_cursor === 'string');
}

function isResult(value: string | null): value is MessageResult {
  return value === 'created' || value === 'duplicate' || value === 'conflict';
}
