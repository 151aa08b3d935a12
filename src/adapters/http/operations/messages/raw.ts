import type { Payload } from '../../../../domain/update.ts';
import type { Reply } from '../../contract/types.ts';

type RawReply = Extract<Reply<'getMessagePayload'>, { status: 200 }>;

/** The media types that the providers may send, and that no browser runs. An imported body can claim any other one. */
const MEDIA_TYPE = /^(application\/json|application\/x-www-form-urlencoded)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** A stranger decides what the body contains, so no browser may run, frame or sniff it as something of this origin. */
const HEADERS = {
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  'Content-Disposition': 'attachment',
} as const;

/** The body of a delivery as bytes. Its media type is sent if it is harmless, else `application/octet-stream`. */
export function rawReply({ mediaType, body }: Payload): RawReply {
  const type = MEDIA_TYPE.exec(mediaType)?.[1]?.toLowerCase() as
    'application/json' | 'application/x-www-form-urlencoded' | undefined;
  const headers = { ...HEADERS, 'Content-Type': type === undefined ? 'application/octet-stream' : mediaType };
  return { status: 200, headers, type: type ?? 'application/octet-stream', body: body as never };
}
