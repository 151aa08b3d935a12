import { faultOfStandardSecret, hiddenPart } from '../../signature/standard-webhooks/secret.ts';
import { signStandardWebhook, standardWebhooksSignature } from '../../signature/standard-webhooks/standard-webhooks.ts';
import type { ProviderDescriptor } from '../descriptor.ts';
import { bodyOfMessage, messageFromBody, type MessageBody } from '../message-body.ts';
import type { Settings } from '../settings.ts';

const SETTINGS = {
  toleranceSeconds: {
    kind: 'integer',
    name: 'STANDARD_WEBHOOK_TOLERANCE_SECONDS',
    help: 'How far the timestamp of a Standard Webhook may lie from now, before and after.',
    fallback: 300,
    min: 1,
    max: 86_400,
  },
} as const satisfies Settings;

/** The service's own form, signed by Standard Webhooks 1.0. */
export const standard = {
  name: 'standard',
  title: 'Standard Webhooks 1.0',
  path: '/webhooks/standard',
  operationId: 'ingestStandardWebhook',
  securityScheme: 'standardSignature',
  mediaTypes: ['application/json'],
  signature: {
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    algorithm: 'HMAC-SHA256 or Ed25519',
    covers: 'id-and-time',
  },
  secret: {
    name: 'STANDARD_WEBHOOK_SECRET',
    help: 'Secret for POST /webhooks/standard: whsec_ and base64, or whpk_ and a public key.',
    faultOf: faultOfStandardSecret,
    hidden: hiddenPart,
  },
  settings: SETTINGS,
  deliveryIdHeader: 'webhook-id',
  scheme: ({ secrets, options }, { clock }) => standardWebhooksSignature(secrets, { clock, ...options }),
  sign: (secret, { body, id, timestampSeconds }) => ({
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signStandardWebhook({ secret, id, timestampSeconds, body }),
  }),
  sample: bodyOfMessage,
  message: messageFromBody,
} as const satisfies ProviderDescriptor<MessageBody, typeof SETTINGS>;
