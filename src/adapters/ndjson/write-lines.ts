import { formatTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import type { MessageStatus, NewMessage, Payload, StatusUpdate } from '../../domain/update.ts';

/** Of the format in docs/export-format.md. A newer one that an old reader would misunderstand gets another number. */
export const FORMAT_VERSION = 1;

export interface HeaderFields {
  readonly from: string | null;
  readonly since: Timestamp | null;
  readonly until: Timestamp | null;
}

export function headerLine({ from, since, until }: HeaderFields): string {
  return line({ kind: 'export', version: FORMAT_VERSION, from, since: written(since), until: written(until) });
}

/** Writes one line for each message, preceded by one line for each body that several of them share. */
export function messageLines(messages: readonly (NewMessage & { readonly status: MessageStatus | null })[]): string {
  const uses = new Map<Payload, number>();
  for (const { payload } of messages) if (payload !== undefined) uses.set(payload, (uses.get(payload) ?? 0) + 1);
  const shared = new Map<Payload, string>();
  for (const [payload, times] of uses) if (times > 1) shared.set(payload, String(shared.size + 1));

  const payloads = Array.from(shared, ([payload, id]) => line({ kind: 'payload', id, ...payloadFields(payload) }));
  const lines = messages.map(({ messageId, from, to, sentAt, text, provider, type, ...rest }) => {
    const { status, receivedAt, traceId, deliveryId, payload } = rest;
    return line({
      kind: 'message',
      ...{ message_id: messageId, from, to, ts: formatTimestamp(sentAt), text, provider, type },
      ...(status !== null && { status: { state: status.state, at: formatTimestamp(status.at) } }),
      ...(receivedAt !== undefined && { received_at: formatTimestamp(receivedAt) }),
      ...(traceId !== undefined && { trace_id: traceId }),
      ...(deliveryId !== undefined && { delivery_id: deliveryId }),
      ...(payload !== undefined && { payload: shared.get(payload) ?? payloadFields(payload) }),
    });
  });
  return [...payloads, ...lines].join('');
}

export function statusLine({ provider, messageId, state, at }: StatusUpdate): string {
  return line({ kind: 'status', provider, message_id: messageId, state, at: formatTimestamp(at) });
}

export function unknownLine({ id, ...payload }: Payload & { readonly id: bigint }): string {
  return line({ kind: 'unknown', id: String(id), ...payloadFields(payload) });
}

function payloadFields({ mediaType, body }: Payload): object {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { media_type: mediaType, body: bytes.toString('base64') };
}

function written(instant: Timestamp | null): string | null {
  return instant === null ? null : formatTimestamp(instant);
}

function line(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}
