import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import type { Node } from '../support/contract-check.ts';
import type { Operation } from './requests.ts';
import { broken, valid } from './schema-values.ts';

/** Bodies for an operation, and what may be wrong with one. */

export interface Body {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** What the address has to say of it. */
  readonly query?: readonly string[];
}

interface BodyAttempt {
  readonly name: string;
  /** What every valid request may be answered with, where it is not said. */
  readonly expected?: readonly number[];
  readonly body: fc.Arbitrary<Body>;
  readonly headers?: Readonly<Record<string, string>>;
}

type Media = readonly [type: string, schema: Node];

/** The limit of a service under the fuzzer: more than any message takes. */
export const MAX_BODY_BYTES = 65_536;
const FORM = 'application/x-www-form-urlencoded';

export function validBody({ bodies }: Operation): fc.Arbitrary<Body> {
  return fc.oneof(...bodies.map((media) => bodyOf(media, valid(media[1]))));
}

export function bodyAttempts(media: Media): BodyAttempt[] {
  const [type, schema] = media;
  const valids = bodyOf(media, valid(schema));
  const attempts: BodyAttempt[] = [
    { name: 'has parameters of the media type', body: typed(valids, `${type.toUpperCase()} ; charset="UTF-8"`) },
    { name: 'has no media type', expected: [415], body: typed(valids, null) },
    {
      name: 'has another media type',
      expected: [415],
      body: fc
        .tuple(
          valids,
          fc.constantFrom('text/plain', 'application/jsonp', 'application/xml', 'multipart/form-data', '*/*'),
        )
        .map(([body, other]) => ({ ...body, headers: { 'Content-Type': other } })),
    },
    { name: 'is compressed', expected: [415], body: valids, headers: { 'Content-Encoding': 'gzip' } },
    {
      name: 'is too large',
      expected: [413],
      body: fc.integer({ min: 1, max: 1_000 }).map((over) => sized(media, MAX_BODY_BYTES + over)),
    },
  ];
  if (type === FORM) return attempts;
  const wrong = broken(schema);
  return [
    ...attempts,
    {
      name: 'is no JSON',
      expected: [422],
      body: fc
        .tuple(valids, fc.constantFrom('', ',', '}', '{', 'nul', '\u00e9', '//'))
        .map(([body, end]) => Buffer.concat([body.bytes.subarray(0, -1), Buffer.from(end)]))
        .filter((bytes) => !isJson(bytes) && bytes.length <= MAX_BODY_BYTES)
        .map((bytes) => ofBytes(media, bytes)),
    },
    {
      name: 'is no UTF-8',
      expected: [422],
      body: fc
        .tuple(valids, fc.uint8Array({ minLength: 1, maxLength: 3 }))
        .map(([body, bytes]) =>
          Buffer.concat([Buffer.from('{"x":"'), bytes, Buffer.from('",'), body.bytes.subarray(1)]),
        )
        .filter((bytes) => !isUtf8(bytes) && bytes.length <= MAX_BODY_BYTES)
        .map((bytes) => ofBytes(media, bytes)),
    },
    ...(wrong === null ? [] : [{ name: 'has a bad body', expected: [422], body: bodyOf(media, wrong) }]),
  ];
}

function bodyOf(media: Media, values: fc.Arbitrary<unknown>): fc.Arbitrary<Body> {
  const bodies =
    media[0] === FORM
      ? values.map((value) => ofBytes(media, Buffer.from(formOf(value))))
      : fc.tuple(values, fc.constantFrom(0, 2)).map(([value, indent]) =>
          // Escaped where it could not be sent as UTF-8.
          ofBytes(media, Buffer.from(JSON.stringify(value, null, indent))),
        );
  // A form makes three bytes of one: several long texts in it are too much.
  return bodies.filter(({ bytes }) => bytes.length <= MAX_BODY_BYTES);
}

/** Twilio has no others, and a signature does not cover them. */
const NAME_IN_FORM = /^[A-Za-z][A-Za-z0-9]*$/;

function formOf(value: unknown): string {
  const named = Object.entries(value as object).filter(([name]) => NAME_IN_FORM.test(name));
  const texts = named.map(([name, member]) => [name, typeof member === 'string' ? member : JSON.stringify(member)]);
  return new URLSearchParams(texts as [string, string][]).toString();
}

/** Twilio's address has the hash of a JSON body; other senders do not know the parameter, nor does it harm them. */
function ofBytes([type]: Media, bytes: Buffer): Body {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { bytes, headers: { 'Content-Type': type }, ...(type !== FORM && { query: [`bodySHA256=${hash}`] }) };
}

function sized(media: Media, length: number): Body {
  return ofBytes(media, Buffer.alloc(length, media[0] === FORM ? 'a' : ' '));
}

function typed(bodies: fc.Arbitrary<Body>, type: string | null): fc.Arbitrary<Body> {
  return bodies.map((body) => ({ ...body, headers: type === null ? {} : { 'Content-Type': type } }));
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}
