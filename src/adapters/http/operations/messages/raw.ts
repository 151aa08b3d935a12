import type { Payload } from '../../../../domain/update.ts';
import { acceptedType } from '../../body/media-type.ts';
import type { Reply } from '../../contract/types.ts';

type RawReply = Extract<Reply<'getMessagePayload'>, { status: 200 }>;

/** What a provider may send, and no browser runs. An imported body can claim any other type. */
const ACCEPTED = ['application/json', 'application/x-www-form-urlencoded'] as const;
/** These are sent as they came; a relative of JSON, such as `text/json`, is sent as JSON. */
const AS_IT_CAME = /^application\/(json|x-www-form-urlencoded)\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** A stranger decides what the body contains, so no browser may run, frame or sniff it as something of this origin. */
const HEADERS = {
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  'Content-Disposition': 'attachment',
} as const;

/** The body of a delivery as bytes. Its media type is sent if it is harmless, else `application/octet-stream`. */
export function rawReply({ mediaType, body }: Payload): RawReply {
  const type = acceptedType(mediaType, ACCEPTED) as (typeof ACCEPTED)[number] | undefined;
  const contentType = AS_IT_CAME.test(mediaType) ? mediaType : (type ?? 'application/octet-stream');
  const headers = { ...HEADERS, 'Content-Type': contentType };
  return { status: 200, headers, type: type ?? 'application/octet-stream', body: body as never };
}
