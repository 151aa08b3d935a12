/** What the package offers; everything else in it may change without notice. */
export { createInboxClient } from './client.ts';
export type { CallOptions, InboxClient, InboxClientOptions, MessageFilter, MessageResult } from './client.ts';
export { ProblemError, unwrap } from './problem.ts';
export { retryingFetch } from './retry.ts';
export type { Fetch, Retry, RetryOptions } from './retry.ts';
export { signWebhook, verifyWebhook } from './signature.ts';
export type {
  IngestRequest,
  Message,
  MessageDetail,
  MessageList,
  Problem,
  Rejection,
  RejectionList,
  Stats,
  ValidationErrorItem,
  ValidationProblem,
  paths,
} from './generated/openapi.ts';
