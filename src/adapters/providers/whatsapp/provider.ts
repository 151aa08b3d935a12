import { hmacSignature, signHmac } from '../../signature/hmac.ts';
import type { ProviderDescriptor } from '../descriptor.ts';
import type { Settings } from '../settings.ts';
import { idNamesNumber } from './message-id.ts';
import { whatsAppNotification } from './notification.ts';
import { whatsAppUpdates } from './updates.ts';

const SETTINGS = {
  verifyToken: {
    kind: 'secret',
    name: 'WHATSAPP_VERIFY_TOKEN',
    help: 'The verify token that you enter at Meta, for GET /webhooks/whatsapp.',
  },
} as const satisfies Settings;

/** Meta's WhatsApp Business Cloud API. */
export const whatsapp = {
  name: 'whatsapp',
  title: "Meta's WhatsApp Cloud API",
  path: '/webhooks/whatsapp',
  operationId: 'ingestWhatsApp',
  securityScheme: 'whatsappSignature',
  mediaTypes: ['application/json'],
  signature: { headers: ['X-Hub-Signature-256'], algorithm: 'HMAC-SHA256', covers: 'body' },
  secret: { name: 'WHATSAPP_APP_SECRET', help: 'App secret of your Meta app, for POST /webhooks/whatsapp.' },
  settings: SETTINGS,
  scheme: ({ secrets }, { clock }) => hmacSignature(secrets, { header: 'x-hub-signature-256', clock }),
  sign: (secret, { body }) => ({ 'X-Hub-Signature-256': `sha256=${signHmac(secret, body)}` }),
  sample: whatsAppNotification,
  idNames: idNamesNumber,
  updates: whatsAppUpdates,
  reply: 'outcomes',
} as const satisfies ProviderDescriptor<object, typeof SETTINGS>;
