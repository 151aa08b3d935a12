import type { SampleMessage } from '../descriptor.ts';

/** A notification with one text message, with the members that Meta sends. */
export function whatsAppNotification({ id, from, to, sentAt, text }: SampleMessage): string {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: digits(to), phone_number_id: '0' },
    messages: [{ from: digits(from), id, timestamp: String(sentAt / 1_000_000n), type: 'text', text: { body: text } }],
  };
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '0', changes: [{ field: 'messages', value }] }],
  });
}

/** Meta writes numbers without the `+`. */
function digits(number: string): string {
  return number.replace('+', '');
}
