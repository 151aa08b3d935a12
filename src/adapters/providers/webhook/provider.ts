import { hmacSignature, signHmac } from '../../signature/hmac.ts';
import type { ProviderDescriptor } from '../descriptor.ts';
import { bodyOfMessage, messageFromBody, type MessageBody } from '../message-body.ts';

/** The service's own form, for callers that are written for this service. */
export const webhook = {
  name: 'webhook',
  title: "the service's own form",
  path: '/webhook',
  operationId: 'ingestMessage',
  securityScheme: 'webhookSignature',
  mediaTypes: ['application/json'],
  signature: { headers: ['X-Signature'], algorithm: 'HMAC-SHA256', covers: 'body' },
  secret: {
    name: 'WEBHOOK_SECRET',
    help: 'Secret that signs POST /webhook. A provider without a secret is disabled: its webhooks get 503.',
  },
  settings: {},
  scheme: ({ secrets }, { clock }) => hmacSignature(secrets, { header: 'x-signature', clock }),
  sign: (secret, { body }) => ({ 'X-Signature': signHmac(secret, body) }),
  sample: bodyOfMessage,
  message: messageFromBody,
} as const satisfies ProviderDescriptor<MessageBody>;
