import type { Schemas } from './contract/types.ts';

export type ValidationErrorItem = Schemas['ValidationErrorItem'];
type Kind = Schemas['Problem']['type'] extends `/problems/${infer K}` ? K : never;

const MAX_ITEMS = 20;

const KINDS: Readonly<Record<Kind, { status: number; title: string; detail: string }>> = {
  'bad-request': { status: 400, title: 'Bad Request', detail: 'the request cannot be read as HTTP' },
  'invalid-signature': { status: 401, title: 'Unauthorized', detail: 'invalid signature' },
  unauthorized: { status: 401, title: 'Unauthorized', detail: 'a valid read key is required' },
  forbidden: { status: 403, title: 'Forbidden', detail: 'this is not allowed' },
  'not-found': { status: 404, title: 'Not Found', detail: 'nothing is here' },
  'method-not-allowed': { status: 405, title: 'Method Not Allowed', detail: 'this path does not have that method' },
  'content-too-large': { status: 413, title: 'Content Too Large', detail: 'the body is too large' },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'send the body as the contract says',
  },
  'validation-error': { status: 422, title: 'Unprocessable Content', detail: 'the request is not valid' },
  'too-many-requests': {
    status: 429,
    title: 'Too Many Requests',
    detail: 'too much came from this address; send the same request again later',
  },
  'internal-error': {
    status: 500,
    title: 'Internal Server Error',
    detail: 'the server failed to answer this request',
  },
  unavailable: {
    status: 503,
    title: 'Service Unavailable',
    detail: 'the service cannot do this now; send the same request again later',
  },
};

/** An error that is answered as RFC 9457 problem details. */
export class Problem extends Error {
  readonly kind: Kind;
  readonly status: number;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly ValidationErrorItem[] | undefined;

  constructor(
    kind: Kind,
    options: ErrorOptions & {
      detail?: string;
      headers?: Readonly<Record<string, string>>;
      errors?: readonly ValidationErrorItem[];
    } = {},
  ) {
    super(kind, options);
    this.name = 'Problem';
    this.kind = kind;
    this.status = KINDS[kind].status;
    this.detail = options.detail ?? KINDS[kind].detail;
    this.headers = options.headers ?? {};
    this.errors = options.errors?.slice(0, MAX_ITEMS);
  }

  /** The body of the answer. `instance` is the request's id in the log. */
  body(requestId: string): Schemas['Problem'] & { errors?: ValidationErrorItem[] } {
    return {
      type: `/problems/${this.kind}`,
      title: KINDS[this.kind].title,
      status: this.status,
      detail: this.detail,
      instance: requestId,
      ...(this.errors && { errors: [...this.errors] }),
    };
  }
}

/** A 422 for a rule that the schema cannot express. */
export function invalid(...errors: ValidationErrorItem[]): Problem {
  return new Problem('validation-error', { errors });
}
