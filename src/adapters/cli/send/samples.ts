import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../application/ports/time.ts';
import { formatTimestamp, type Timestamp } from '../../../domain/timestamp.ts';
import type { ProviderName } from '../providers.ts';

const [CUSTOMER, SHOP] = ['919876543210', '14155550100'];

/** Makes sample messages in a provider's form. Their ids are like no others, also in the next run. */
export function sampler(provider: ProviderName, clock: Clock): (i: number) => Buffer {
  const run = randomBytes(6).toString('hex');
  return (i) => {
    const number = String(i + 1);
    return Buffer.from(SAMPLES[provider](`sample-${run}-${number}`, `Sample message ${number}`, clock.now()));
  };
}

const SAMPLES: Readonly<Record<ProviderName, (id: string, text: string, now: Timestamp) => string>> = {
  webhook: message,
  standard: message,
  whatsapp: (id, text, now) =>
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '0', changes: [{ field: 'messages', value: whatsAppValue(id, text, now) }] }],
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

function message(id: string, text: string, now: Timestamp): string {
  return JSON.stringify({ message_id: id, from: `+${CUSTOMER}`, to: `+${SHOP}`, ts: formatTimestamp(now), text });
}

function whatsAppValue(id: string, text: string, now: Timestamp): object {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: SHOP, phone_number_id: '0' },
    messages: [{ from: CUSTOMER, id, timestamp: String(now / 1_000_000n), type: 'text', text: { body: text } }],
  };
}
