import Koa from 'koa';
import type { Logger, Metrics, Tracer } from '../../application/ports/telemetry.ts';
import type { Clock, Timer } from '../../application/ports/time.ts';
import { securityChecks } from './auth/checks.ts';
import { clientAddress } from './auth/client-address.ts';
import { rateLimits, type RateLimitOptions } from './auth/rate-limits.ts';
import { bodyBudget } from './body/budget.ts';
import { holdBody } from './body/hold.ts';
import { loadOpenapiDocument } from './contract/document.ts';
import { openContract } from './contract/validators.ts';
import { crossOriginReads } from './middleware/cors.ts';
import { describeError } from './middleware/describe-error.ts';
import { observe } from './middleware/observe.ts';
import { answerProblems } from './middleware/answer-problems.ts';
import type { RejectionRecording } from './middleware/rejection.ts';
import type { State } from './middleware/request-context.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { isDecodable, requireDecodable, unmatched } from './middleware/unmatched.ts';
import { isClientGone } from './node/client-gone.ts';
import type { ConnectionLimits } from './node/connection-limits.ts';
import { requireTarget } from './node/request-target.ts';
import type { Exposition } from './operations/metrics.ts';
import { operations, type UseCases } from './operations/operations.ts';
import { PAGE_POLICIES } from './operations/pages/pages.ts';
import type { Advice } from './operations/rejections.ts';
import { contractRouter } from './router.ts';
import { readAdmission } from './unread/admission.ts';
import { turnstile, type TurnstileLimits } from './unread/turnstile.ts';
import type { UnreadAnswers } from './unread/unread-answers.ts';

export interface HttpOptions {
  readonly maxBodyBytes: number;
  /** The limit for all bodies in memory together; at least maxBodyBytes. */
  readonly maxBufferedBytes: number;
  /** The limit for answers that clients have not read, in this process and in the kernel. */
  readonly maxUnreadBytes: number;
  /** How many reads with large answers are made at a time. */
  readonly largeReads: TurnstileLimits;
  readonly connections: ConnectionLimits;
  /** Empty: reading is open. */
  readonly readApiKeys: readonly string[];
  /** Addresses and ranges of the proxies whose X-Forwarded-For is trusted; empty: none. */
  readonly trustedProxies: readonly string[];
  readonly rateLimits: RateLimitOptions;
  /** Origins whose pages may read; empty: only our own. */
  readonly origins: readonly string[];
  /** The token with which Meta proves that the operator gave it this address; undefined: Meta cannot subscribe. */
  readonly whatsAppVerifyToken: string | undefined;
  readonly rejections: RejectionRecording & { readonly advice: Advice };
}

export interface HttpDependencies extends UseCases {
  readonly metrics: Metrics;
  /** The series of the metrics as text. */
  readonly exposition: Exposition;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly timer: Timer;
}

/** Creates the Koa app. A request passes through its middleware from top to bottom; router.ts shows the steps of one operation. */
export async function createApp(
  dependencies: HttpDependencies,
  options: HttpOptions,
  unread: UnreadAnswers,
): Promise<Koa<State>> {
  const { clock, logger, metrics } = dependencies;
  const { connections, origins, rejections, trustedProxies } = options;
  const document = loadOpenapiDocument();
  const limits = rateLimits(options.rateLimits, clientAddress(trustedProxies), metrics);
  const router = contractRouter({
    contract: await openContract(document),
    handlers: operations(dependencies, document, options),
    checks: securityChecks(dependencies.ingestMessage, limits, options),
    // A wrong verify token counts as a wrong signature.
    onForbidden: (request) => limits.badSignatures.count(request),
    clock,
    admission: readAdmission(unread, turnstile(options.largeReads, dependencies.timer), metrics),
  });

  const app = new Koa<State>();
  app.use(observe(dependencies));
  app.use(holdBody(bodyBudget(options.maxBufferedBytes, metrics)));
  app.use(answerProblems(dependencies, rejections, connections.lingerTimeout));
  app.use(securityHeaders(PAGE_POLICIES));
  app.use(requireTarget);
  app.use(crossOriginReads(origins, (path) => isDecodable(path) && router.match(path, 'GET').route));
  app.use(requireDecodable);
  app.use(router.routes());
  app.use(unmatched);

  app.on('error', (error: unknown) => {
    if (!isClientGone(error)) logger.error('a response could not be written', { error: describeError(error) });
  });
  return app;
}
