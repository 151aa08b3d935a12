/** What a span is known by, in every process that the trace goes through (W3C Trace Context). */
export interface SpanContext {
  /** 32 hexadecimal digits, in lower case. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
}

/** The span of somebody else that a request comes from. */
export interface CallerContext extends SpanContext {
  /** Whether the caller's trace is recorded. */
  readonly sampled: boolean;
  /** The header `tracestate`, as it came. */
  readonly state?: string | undefined;
}

/** A piece of work, from its start until it ends. */
export interface Span {
  /** undefined when nothing is traced. */
  readonly context: SpanContext | undefined;
  /** Whether it will be exported: traces may be sampled. */
  readonly recorded: boolean;
  rename(name: string): void;
  /** Never what a person wrote or is known by: spans leave the machine. */
  set(attributes: Readonly<Record<string, string | number>>): void;
  /** It failed. Of an Error only its name is told, for its message may hold anything; or one word. */
  fail(error: unknown): void;
  link(to: Span): void;
  end(): void;
}

/** Spans of OpenTelemetry. Nothing is exported before a span ends. */
export interface Tracer {
  /** Runs the work of a request as a span, the caller's child if there is a caller, and ends it when the work is settled. */
  inRequest<T>(caller: CallerContext | undefined, work: (span: Span) => Promise<T>): Promise<T>;
  /** Runs work as a child of the active span; it fails when the work rejects. */
  inSpan<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The span that the caller's work runs in. */
  active(): Span;
  /** A span that the caller ends, and in which nothing runs; the active one's child unless it is told another parent. */
  startSpan(name: string, options?: { readonly parent?: Span | undefined; readonly links?: readonly Span[] }): Span;
}
