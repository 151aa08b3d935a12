import { isMessageId, newMessage } from '../../domain/message.ts';
import { provider, WEBHOOK, type Provider } from '../../domain/provider.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import type { NewUpdate, Payload, StatusUpdate } from '../../domain/update.ts';
import { FORMAT_VERSION } from './write-lines.ts';

/** Bodies that follow each other in lines of their own, at most. */
const MAX_SHARED_BYTES = 256 * 2 ** 20;
const MAX_STATE_LENGTH = 64;
/** As many characters as the headers of a webhook may have (src/adapters/http/node/connection-limits.ts). */
const MAX_MEDIA_TYPE_LENGTH = 16_384;
/** Without a group that is repeated: of some megabytes the engine would run out of its stack. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The line does not match the format; the message says why, and contains no value of the line. */
export class LineFault extends Error {}

export interface LineReader {
  /** Parses the line. Throws LineFault. */
  read(line: string): NewUpdate[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads lines of docs/export-format.md in their order, and plain messages of other origins. */
export function lineReader(): LineReader {
  const shared = new Map<string, Payload>();
  let bytes = 0;
  let before: unknown;

  function keepShared(fields: Fields): void {
    if (before !== 'payload') {
      shared.clear(); // a new block: later lines do not refer to bodies of the previous one
      bytes = 0;
    }
    const payload = payloadOf(fields);
    bytes += payload.body.length;
    if (bytes > MAX_SHARED_BYTES) throw new LineFault('too many bodies follow each other');
    shared.set(textOf(fields, 'id'), payload);
  }

  function payloadOfMessage(value: unknown): Payload | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') return payloadOf(objectOf(value, 'payload'));
    const payload = shared.get(value);
    if (payload === undefined) throw new LineFault('payload names no line before it');
    return payload;
  }

  return {
    read(line) {
      const fields = objectOf(parsed(line), 'the line');
      const kind = fields['kind'] ?? 'message';
      try {
        if (kind === 'message') return messageOf(fields, payloadOfMessage(fields['payload']));
        if (kind === 'status') return [statusOf(fields)];
        if (kind === 'unknown') return [{ kind: 'unknown', provider: providerOf(fields), payload: payloadOf(fields) }];
        if (kind === 'payload') keepShared(fields);
        else if (kind !== 'export') throw new LineFault('kind is unknown to this version');
        else if (fields['version'] !== FORMAT_VERSION)
          throw new LineFault('a newer version wrote it: import it with that');
        return [];
      } finally {
        before = kind;
      }
    },
  };
}

function messageOf(fields: Fields, payload: Payload | undefined): NewUpdate[] {
  const { text = null, type, delivery_id: deliveryId, trace_id: traceId, received_at: receivedAt, status } = fields;
  if (text !== null && typeof text !== 'string') throw new LineFault('text is not text');
  const message = keepingRules(() =>
    newMessage({
      provider: providerOf(fields),
      messageId: textOf(fields, 'message_id'),
      from: textOf(fields, 'from'),
      to: textOf(fields, 'to'),
      sentAt: instantOf(fields, 'ts'),
      ...(type !== undefined && { type: textOf(fields, 'type') }),
      text,
    }),
  );
  const news = {
    ...message,
    ...(payload !== undefined && { payload }),
    ...(isGiven(deliveryId) && { deliveryId: idOf(fields, 'delivery_id') }),
    ...(isGiven(receivedAt) && { receivedAt: instantOf(fields, 'received_at') }),
    ...(isGiven(traceId) && { traceId: traceOf(fields) }),
  };
  if (!isGiven(status)) return [news];
  const { provider: name, messageId } = message;
  return [news, { kind: 'status', provider: name, messageId, ...stateOf(objectOf(status, 'status')) }];
}

function statusOf(fields: Fields): StatusUpdate {
  return { kind: 'status', provider: providerOf(fields), messageId: idOf(fields, 'message_id'), ...stateOf(fields) };
}

function stateOf(fields: Fields): { state: string; at: Timestamp } {
  const state = textOf(fields, 'state');
  if (state.length > MAX_STATE_LENGTH || !isMessageId(state))
    throw new LineFault('state is not the state of a message');
  return { state, at: instantOf(fields, 'at') };
}

function payloadOf(fields: Fields): Payload {
  const [mediaType, body] = [textOf(fields, 'media_type'), textOf(fields, 'body')];
  if (mediaType.length > MAX_MEDIA_TYPE_LENGTH || /[\0\r\n]/.test(mediaType))
    throw new LineFault('media_type is not one');
  if (body.length % 4 !== 0 || !BASE64.test(body)) throw new LineFault('body is not base64');
  return { mediaType, body: Buffer.from(body, 'base64') };
}

function providerOf(fields: Fields): Provider {
  return fields['provider'] === undefined ? WEBHOOK : keepingRules(() => provider(textOf(fields, 'provider')));
}

function idOf(fields: Fields, name: string): StatusUpdate['messageId'] {
  const id = textOf(fields, name);
  if (!isMessageId(id)) throw new LineFault(`${name} is not an id`);
  return id;
}

function traceOf(fields: Fields): string {
  const trace = textOf(fields, 'trace_id');
  if (!/^[0-9a-f]{32}$/.test(trace)) throw new LineFault('trace_id is not the id of a trace');
  return trace;
}

function instantOf(fields: Fields, name: string): Timestamp {
  const instant = parseTimestamp(textOf(fields, name));
  if (instant === null) throw new LineFault(`${name} is not an RFC 3339 date-time with Z or an offset`);
  return instant;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new LineFault(`${name} is ${value === undefined ? 'missing' : 'not text'}`);
  return value;
}

function objectOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new LineFault(`${name} is not a JSON object`);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new LineFault('it is not JSON'); // the parser's own words quote it
  }
}

/** The domain's makers name the field and not its value. */
function keepingRules<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new LineFault(error.message);
    throw error;
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
