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
  /** Where the service is, such as `https://inbox.example.com`; may have a path. */
  readonly baseUrl: string;
  /** One of the operator's `READ_API_KEYS`, where reading needs one. */
  readonly readKey?: string;
  /** The operator's `WEBHOOK_SECRET`, for who sends messages. Not for pages: whoever has it can forge messages. */
  readonly webhookSecret?: string;
  /** Instead of the global one, for a proxy, a test, a log. */
  readonly fetch?: Fetch;
}

export interface CallOptions {
  /** Ends the call, with all its attempts and waits; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `created`: stored now. `duplicate`: it was there. `conflict`: another message has this id, and stays. */
export type MessageResult = 'created' | 'duplicate' | 'conflict';

type ListQuery = NonNullable<operations['listMessages']['parameters']['query']>;
type ProviderQuery = NonNullable<operations['getMessage']['parameters']['query']>;

/** Filters, all of which must hold, and how many messages a page has. */
export interface MessageFilter extends Omit<ListQuery, 'offset' | 'cursor'> {
  /** The `next_cursor` where an earlier reading with these filters ended; without one it begins at the first message. */
  readonly cursor?: string | null | undefined;
}

/**
 * Methods are named as in the contract, retry what may pass, and throw a {@link ProblemError} for every other answer that
 * is no success. Without any answer they throw what fetch threw.
 */
export interface InboxClient {
  /** Signs a message and sends it. Resolves when it is durable; sending the same one again is safe. */
  ingestMessage(message: IngestRequest, options?: CallOptions): Promise<MessageResult>;
  /** One page. */
  listMessages(query?: ListQuery, options?: CallOptions): Promise<MessageList>;
  /**
   * Every page from the first, or from a cursor. It misses nothing that was stored before you began; of what is stored
   * meanwhile it gives what comes later in the order, which is that of the senders' `ts`. Keep `next_cursor` of the last page
   * you have dealt with to go on with a reading that was not finished; once it is null, all is read.
   */
  listMessagePages(filter?: MessageFilter, options?: CallOptions): AsyncGenerator<MessageList, void, undefined>;
  /** Every message of these pages, in order; asks for the next page when you have had the last message of one. */
  listAllMessages(filter?: MessageFilter, options?: CallOptions): AsyncGenerator<Message, void, undefined>;
  getMessage(messageId: string, query?: ProviderQuery, options?: CallOptions): Promise<MessageDetail>;
  getStats(options?: CallOptions): Promise<Stats>;
  /**
   * Everything in the contract, typed, by method and path. Retries, but returns errors and does not throw them; it throws for
   * a success that is no JSON, unless `parseAs` says what else to expect.
   */
  readonly api: Client<paths>;
}

/** The largest page of the contract: the fewest requests. */
const MAX_PAGE = 100;

/** @throws {TypeError} `baseUrl` is no absolute address of http or https */
export function createInboxClient(options: InboxClientOptions): InboxClient {
  const { baseUrl, readKey, webhookSecret, fetch = (request) => globalThis.fetch(request) } = options;
  if (!/^https?:$/.test(new URL(baseUrl).protocol)) throw new TypeError('baseUrl must begin with http:// or https://');
  const headers = readKey === undefined ? {} : { Authorization: `Bearer ${readKey}` };
  const api = createClient<paths>({ baseUrl, headers, fetch: retryingFetch(fetch, options) });
  api.use(refuseWhatIsNoJson);

  const listMessages: InboxClient['listMessages'] = async (query = {}, call = {}) => {
    const asked = api.GET('/messages', { params: { query }, ...call });
    const page: Partial<MessageList> = await unwrap(asked);
    // Taken for the last page, it would end a reading in the middle; for any other, never.
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
      // What was signed goes out as it is.
      const sent = api.POST('/webhook', { body: message, bodySerializer: () => body, headers: signed, ...call });
      const { data, error, response } = await sent;
      const result = response.headers.get('X-Message-Result');
      // Whatever else says 200 on the way, a message is only stored when the service says what became of it.
      if (data?.status !== 'ok' || !isResult(result)) throw new ProblemError(response, error);
      return result;
    },
  };
}

/** So that a page which a proxy puts in place of an answer is an error like all others, and none of the parser's. */
const refuseWhatIsNoJson: Middleware = {
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
