/** What every generated client is driven through. That it fits, with the types it was generated with, is for the compiler. */

export interface Reply<Data> {
  readonly status: number;
  readonly data: Data | undefined;
  readonly problem: Problem | undefined;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly { readonly loc: readonly string[]; readonly msg: string; readonly type: string }[];
}

export interface SentMessage {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text?: string | null;
}

export interface StoredMessage {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text: string | null;
}

export interface Page {
  readonly data: readonly StoredMessage[];
  readonly total: number;
  readonly limit: number;
  readonly offset: number;
  readonly next_cursor: string | null;
}

export interface Query {
  limit?: number;
  offset?: number;
  cursor?: string;
  from?: string;
  since?: string;
  until?: string;
  q?: string;
  order?: 'asc' | 'desc';
}

export interface Totals {
  readonly total_messages: number;
  readonly senders_count: number;
  readonly messages_per_sender: readonly { readonly from: string; readonly count: number }[];
  readonly first_message_ts: string | null;
  readonly last_message_ts: string | null;
}

export interface SdkClient {
  /** Sends the message as JSON without white space. `data` is X-Message-Result. */
  readonly ingest: (message: SentMessage, signature: string) => Promise<Reply<string | null>>;
  readonly list: (query: Query) => Promise<Reply<Page>>;
  readonly message: (
    id: string,
  ) => Promise<
    Reply<StoredMessage & { readonly provider: string; readonly type: string; readonly received_at: string | null }>
  >;
  readonly stats: () => Promise<Reply<Totals>>;
}

/** Makes a client for a service; without a key it reads as nobody. */
export type ConnectSdk = (baseUrl: string, key: string | undefined) => SdkClient;
