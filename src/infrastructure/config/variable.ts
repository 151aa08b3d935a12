/** A setting that is configured by an environment variable. */
export interface Variable<T> {
  readonly name: string;
  readonly fallback: string;
  readonly help: string;
  /** Throws an Error whose message says what the value must be, and never the value: it may be a secret. */
  readonly parse: (value: string) => T;
}
