import { randomBytes } from 'node:crypto';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import { systemClock } from '../../../infrastructure/clock.ts';
import type { ProviderName } from '../providers.ts';

const [CUSTOMER, SHOP] = ['919876543210', '14155550100'];

/** Makes sample messages in a provider's form. Their ids are like no others, also in the next run. */
export function sampler(provider: ProviderName): (i: number) => Buffer {
  const run = randomBytes(6).toString('hex');
  return (i) => Buffer.from(SAMPLES[provider](`sample-${run}-${String(i + 1)}`, `Sample message ${String(i + 1)}`));
}

const SAMPLES: Readonly<Record<ProviderName, (id: string, text: string) => string>> = {
  webhook: message,
  standard: message,
  whatsapp: (id, text) =>
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '0', changes: [{ field: 'messages', value: whatsAppValue(id, text) }] }],
    }),
  twilio: (id, text) =>
    new URLSearchParams({
      MessageSid: id,
      From: `whatsapp:+${CUSTOMER}`,
      To: `whatsapp:+${SHOP}`,
      Body: text,
      NumMedia: '0',
    }).toString(),
};

function message(id: string, text: string): string {
  return JSON.stringify({ message_id: id, from: `+${CUSTOMER}`, to: `+${SHOP}`, ts: now(), text });
}

function whatsAppValue(id: string, text: string): object {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: SHOP, phone_number_id: '0' },
    messages: [
      { from: CUSTOMER, id, timestamp: String(systemClock.now() / 1_000_000n), type: 'text', text: { body: text } },
    ],
  };
}

function now(): string {
  return formatTimestamp(systemClock.now());
}
