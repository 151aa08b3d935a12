import type { Problem, ValidationErrorItem, ValidationProblem } from './generated/openapi.ts';

/**
 * An unsuccessful answer. The service sends problem documents (RFC 9457); for other answers, such as a proxy's page, `type`
 * is `about:blank` and `detail` is empty.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  /** Stable: branch on this. */
  readonly type: Problem['type'] | 'about:blank';
  readonly title: string;
  readonly detail: string;
  /** Quote it when you ask the operator; null if the answer has none. */
  readonly requestId: string | null;
  /** The errors in the request, for a 422; otherwise empty. */
  readonly errors: readonly ValidationErrorItem[];

  constructor(response: Response, body: unknown) {
    const problem = problemIn(response, body);
    const status = String(response.status);
    const title = problem?.title ?? (response.statusText || `HTTP status ${status}`);
    const errors = problem?.errors ?? [];
    const wrong = errors.map(({ loc, msg }) => `${loc.join('.')} ${msg}`).join('; ');
    const requestId = problem?.instance ?? response.headers.get('X-Request-ID');
    super(
      `${status} ${title}: ${wrong || (problem?.detail ?? 'not an answer of webhook-inbox')}` +
        (requestId === null ? '' : ` (request ${requestId})`),
    );
    this.status = response.status;
    this.type = problem?.type ?? 'about:blank';
    this.title = title;
    this.detail = problem?.detail ?? '';
    this.requestId = requestId;
    this.errors = errors;
  }
}

/**
 * Returns the data of a call to the typed API, such as `unwrap(inbox.api.GET('/health/ready'))`.
 *
 * @throws {ProblemError} the answer is not a success
 */
export async function unwrap<Data>(
  call: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined || data === null) throw new ProblemError(response, error);
  return data;
}

function problemIn(response: Response, body: unknown): (Problem & Partial<ValidationProblem>) | undefined {
  const type = response.headers.get('Content-Type') ?? '';
  return type.startsWith('application/problem+json') ? (body as Problem) : undefined;
}
