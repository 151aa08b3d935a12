import type { SecretGeneration } from '../../domain/delivery.ts';
import type { Provider } from '../../domain/provider.ts';
import type { UpdateOutcome } from '../../domain/ingest-outcome.ts';

/** Counts what is ingested and what is rejected. */
export interface IngestMetrics {
  /** The outcome of `count` updates of one delivery. */
  updates(provider: Provider, outcome: UpdateOutcome, count: number): void;
  /** A signature was valid; `secret` says which secret made it. */
  verified(provider: Provider, secret: SecretGeneration): void;
  /** A delivery was rejected; `reason` is one word of a small fixed set. */
  rejected(provider: Provider, reason: string): void;
  /** Seconds between the sender's time of a message and its storage. */
  ingestLag(seconds: number): void;
}

/** Measures commits and the queue in front of them. */
export interface CommitMetrics {
  /** A group of messages was made durable, or failed. */
  commit(commit: { messages: number; seconds: number; outcome: 'committed' | 'failed' }): void;
  /** Messages that wait for the next commit. */
  queueDepth(messages: number): void;
}

/** Measures requests, connections and the memory of bodies and answers. */
export interface RequestMetrics {
  /** A webhook request ended; `result` is one word of a small fixed set. */
  webhookRequest(request: { result: string; seconds: number }): void;
  /** An HTTP request ended; `path` is a route template, which bounds the number of series. */
  httpRequest(request: { method: string; path: string; status: number; seconds: number }): void;
  /** A request exceeded a rate limit of its address; `kind` is one word of a small fixed set. */
  rateLimited(kind: string): void;
  /** Bytes of request bodies in memory. */
  bodyBytes(bytes: number): void;
  /** A request was rejected because its body did not fit into memory. */
  bodyShed(): void;
  /** Bytes of answers that clients have not read. */
  unreadBytes(bytes: number): void;
  /** A read was rejected because too many answers are unread. */
  answerShed(): void;
  /** A connection was reset because its client did not read its answers. */
  connectionReset(): void;
  /** A connection was closed on arrival because too many are open. */
  connectionDropped(): void;
}

/** Counts open message streams. */
export interface StreamMetrics {
  messageStreams(open: number): void;
}

/** Measures retention. */
export interface RetentionMetrics {
  messagesErased(messages: number): void;
  /** Whether retention erases nothing, because the clock may be wrong or a run would erase too much. */
  retentionBlocked(blocked: boolean): void;
}

/** Shows which background steps fail. */
export interface BackgroundMetrics {
  backgroundStep(step: BackgroundStep, failing: boolean): void;
}

export interface Metrics
  extends IngestMetrics, CommitMetrics, RequestMetrics, StreamMetrics, RetentionMetrics, BackgroundMetrics {}

/** Work that runs beside requests, so that no answer shows its failure. Each step runs on its own: a failure stops no other. */
export type BackgroundStep = 'search_index' | 'counters' | 'vacuum' | 'retention' | 'rejections';

/** Learns how the runs of background steps end. */
export interface BackgroundObserver {
  succeeded(step: BackgroundStep): void;
  failed(step: BackgroundStep, error: unknown): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The identity of a span, the same in every process of the trace (W3C Trace Context). */
export interface SpanContext {
  /** 32 hexadecimal digits, in lower case. */
  readonly traceId: string;
  /** 16 hexadecimal digits, in lower case. */
  readonly spanId: string;
}

/** The span of the client that sent the request. */
export interface CallerContext extends SpanContext {
  /** Whether the client records the trace. */
  readonly sampled: boolean;
  /** The header `tracestate`, unchanged. */
  readonly state?: string | undefined;
}

/** A piece of work with a start and an end. */
export interface Span {
  /** undefined if tracing is disabled. */
  readonly context: SpanContext | undefined;
  /** Whether the span will be exported: traces may be sampled. */
  readonly recorded: boolean;
  rename(name: string): void;
  /** Spans leave the machine: no texts, phone numbers or names. */
  set(attributes: Readonly<Record<string, string | number>>): void;
  /** Marks the span as failed, with the name of an Error or one word; an Error's message may contain personal data. */
  fail(error: unknown): void;
  link(to: Span): void;
  end(): void;
}

/** Creates OpenTelemetry spans. A span is exported only after it ended. */
export interface Tracer {
  /** Runs the work of a request in a span, a child of the client's span if there is one, and ends it when the work settles. */
  inRequest<T>(caller: CallerContext | undefined, work: (span: Span) => Promise<T>): Promise<T>;
  /** Runs work in a child of the active span, which fails if the work rejects. */
  inSpan<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The span in which the caller runs. */
  active(): Span;
  /** Starts a span that the caller ends and in which no code runs. @default parent the active span */
  startSpan(name: string, options?: { readonly parent?: Span | undefined; readonly links?: readonly Span[] }): Span;
}
