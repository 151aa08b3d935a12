import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sign, verify } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac.ts';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { characters, oneOf } from '../../support/arbitraries.ts';
import { manualClock } from '../../support/fakes.ts';
import { bodies, byCurrent, byPrevious, delivery, refused, second, secrets, withFlippedBit } from './support.ts';

const SECRET = 'testsecret';
const BODY =
  '{"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2025-01-15T10:00:00Z","text":"Hello"}';
const SIGNATURE = 'ff1016e524bc9299d18988ecf27a880af9428140e3850af0c73ea1eef091a4cb';
const GITHUB_SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const META_BODY = String.raw`{"object":"whatsapp_business_account","text":"\u00e4\u00f6\u00e5"}`;
const META_SIGNATURE = 'sha256=e1ef29eca97536a8af71e971a7cbff922201ea29a99c38fa68e7b13bd640498c';
const WRONG = '0'.repeat(64);

const clock = manualClock(second(0));
const keyedWith = (current: string, previous?: string) => hmacSignature({ current, previous }, { clock });
const verifier = keyedWith(SECRET);
const rotating = keyedWith('new secret', 'old secret');

const delivered = (signature: string | undefined, body: string | Uint8Array = BODY): Delivery =>
  delivery(body, { 'content-type': 'application/json', 'x-signature': signature });

const verdictOn = (header: string | undefined) => verifier.verify(delivered(header));

/** The node API, spelled out: the reference for signHmac and the verifier. */
const reference = (secret: string, body: Uint8Array): Buffer => createHmac('sha256', secret).update(body).digest();

describe('published vectors', () => {
  it.each([
    ['the first callers', SECRET, BODY, SIGNATURE],
    ['GitHub', "It's a Secret to Everybody", 'Hello, World!', GITHUB_SIGNATURE],
    ['Meta, whose Unicode is escaped on the wire', 'app_secret', META_BODY, META_SIGNATURE],
  ])('of %s are accepted and reproduced', (_who, secret, body, signature) => {
    const one = keyedWith(secret);
    expect(one.verify(delivered(signature, body))).toEqual(byCurrent);
    expect(one.verify(delivered(signature, `${body} `))).toEqual(refused('wrong_digest'));
    expect(signHmac(secret, body)).toBe(signature.replace('sha256=', ''));
  });
});

describe('the form of a signature', () => {
  it.each([
    ['capital letters', SIGNATURE.toUpperCase()],
    ['both cases', SIGNATURE.replace(/f/g, 'F')],
    ['a prefix', `sha256=${SIGNATURE}`],
    ['a prefix and capital letters', `sha256=${SIGNATURE.toUpperCase()}`],
    ['white space around it', ` \t${SIGNATURE} `],
  ])('may have %s', (_what, signature) => {
    expect(verdictOn(signature)).toEqual(byCurrent);
  });

  it.each([
    ['one digit too few', SIGNATURE.slice(1)],
    ['one digit too many', `${SIGNATURE}0`],
    ['a letter that is no digit', SIGNATURE.replace('f', 'g')],
    ['another algorithm', `sha1=${SIGNATURE}`],
    ['two prefixes', `sha256=sha256=${SIGNATURE}`],
    ['a prefix alone', 'sha256='],
    ['base64', Buffer.from(SIGNATURE, 'hex').toString('base64')],
    ['a space inside', `${SIGNATURE.slice(0, 32)} ${SIGNATURE.slice(32)}`],
    ['a space for the comma', `${SIGNATURE} ${SIGNATURE}`],
    ['a line after it', `${SIGNATURE}\n${SIGNATURE}`],
    ['nothing but commas', ',,,'],
    ['words', 'invalid'],
  ])('is malformed with %s', (_what, header) => {
    expect(verdictOn(header)).toEqual(refused('malformed_signature'));
  });

  it.each([undefined, '', '   '])('is missing if the header is %p', (header) => {
    expect(verdictOn(header)).toEqual(refused('missing_header'));
  });

  it('is read from one header only: X-Signature by default', () => {
    const meta = hmacSignature({ current: SECRET, previous: undefined }, { clock, header: 'x-hub-signature-256' });
    const inMetasHeader = delivery(BODY, { 'x-hub-signature-256': `sha256=${SIGNATURE}` });
    expect(verifier.verify(inMetasHeader)).toEqual(refused('missing_header'));
    expect(meta.verify(inMetasHeader)).toEqual(byCurrent);
    expect(meta.verify(delivered(SIGNATURE))).toEqual(refused('missing_header'));
  });

  it('may be anything without an exception', () => {
    const hex = fc.string({ unit: oneOf('0123456789abcdefABCDEF,= '), maxLength: 200 });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: characters }), hex), bodies, (header, body) => {
        expect(verifier.verify(delivered(header, body)).valid).toBe(false);
      }),
    );
  });
});

describe('a list of signatures', () => {
  it('is accepted if any of the first eight is correct, whatever the others are', () => {
    const others = fc.array(fc.constantFrom(WRONG, `sha256=${WRONG}`, 'garbage', '', ' '), { maxLength: 12 });
    fc.assert(
      fc.property(others, fc.nat(12), fc.constantFrom(',', ', ', ' , '), (list, at, comma) => {
        const header = list.toSpliced(at, 0, SIGNATURE).join(comma);
        expect(verdictOn(header).valid).toBe(Math.min(at, list.length) < 8);
      }),
    );
  });

  it('is read up to the eighth signature, and has a wrong digest if any part is well-formed', () => {
    const after = (count: number, other: string): string => [...Array<string>(count).fill(other), SIGNATURE].join();
    expect(verdictOn(after(7, WRONG))).toEqual(byCurrent);
    expect(verdictOn(after(8, WRONG))).toEqual(refused('wrong_digest'));
    expect(verdictOn(`garbage,${WRONG},`)).toEqual(refused('wrong_digest'));
    expect(verdictOn(after(8, 'x'))).toEqual(refused('malformed_signature'));
  });
});

describe('the digest', () => {
  it('covers the bytes on the wire: the same JSON with unescaped Unicode is another body', () => {
    const unescaped = META_BODY.replace(/\\u.*(?=")/, 'äöå');
    expect(JSON.parse(unescaped)).toEqual(JSON.parse(META_BODY));
    expect(keyedWith('app_secret').verify(delivered(META_SIGNATURE, unescaped))).toEqual(refused('wrong_digest'));
  });

  it('of any bytes with any secret equals that of signHmac', () => {
    fc.assert(
      fc.property(secrets, bodies, (secret, body) => {
        const signature = signHmac(secret, body);
        expect(signature).toBe(reference(secret, body).toString('hex'));
        expect(keyedWith(secret).verify(delivered(signature, body))).toEqual(byCurrent);
      }),
    );
  });

  it('covers a view of a larger buffer, not the buffer', () => {
    const view = Buffer.from(`before${BODY}after`).subarray(6, 6 + BODY.length);
    expect(verifier.verify(delivered(SIGNATURE, view))).toEqual(byCurrent);
  });

  it('is wrong if one bit of the body differs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (body, at) => {
        const flipped = withFlippedBit(body, at);
        expect(verifier.verify(delivered(signHmac(SECRET, body), flipped))).toEqual(refused('wrong_digest'));
      }),
    );
  });

  it('is wrong if one bit of the signature differs', () => {
    fc.assert(
      fc.property(bodies, fc.nat(255), (body, at) => {
        const flipped = withFlippedBit(reference(SECRET, body), at).toString('hex');
        expect(verifier.verify(delivered(flipped, body))).toEqual(refused('wrong_digest'));
      }),
    );
  });

  it('is wrong with another secret', () => {
    fc.assert(
      fc.property(secrets, secrets, bodies, (ours, theirs, body) => {
        fc.pre(ours !== theirs);
        const verdict = keyedWith(ours).verify(delivered(signHmac(theirs, body), body));
        expect(verdict).toEqual(refused('wrong_digest'));
      }),
    );
  });
});

describe('the secrets', () => {
  const signedBy = (...secretsUsed: string[]): Delivery =>
    delivered(secretsUsed.map((one) => signHmac(one, BODY)).join());

  it('are both accepted during a rotation, and the matching one is reported', () => {
    expect([verifier.configured, rotating.configured]).toEqual([true, true]);
    expect(rotating.verify(signedBy('new secret'))).toEqual(byCurrent);
    expect(rotating.verify(signedBy('old secret'))).toEqual(byPrevious);
    expect(rotating.verify(signedBy('old secret', 'new secret'))).toEqual(byCurrent);
    expect(rotating.verify(signedBy('other secret'))).toEqual(refused('wrong_digest'));
    expect(keyedWith('new secret', '').verify(signedBy(''))).toEqual(refused('wrong_digest'));
  });

  it.each([
    ['none', { current: undefined, previous: undefined }],
    ['an empty one', { current: '', previous: '' }],
    ['a previous one only', { current: undefined, previous: SECRET }],
    ['a previous one beside an empty one', { current: '', previous: SECRET }],
  ])('are not configured with %s, and nothing is accepted', (_what, configuration) => {
    const unconfigured = hmacSignature(configuration, { clock });
    expect(unconfigured.configured).toBe(false);
    for (const delivery of [signedBy(SECRET), signedBy(''), delivered(undefined), delivered('garbage')]) {
      expect(unconfigured.verify(delivery)).toEqual(refused('no_secret_configured'));
    }
  });
});

describe("compared with GitHub's own library", () => {
  const github = hmacSignature({ current: SECRET, previous: undefined }, { clock, header: 'x-hub-signature-256' });
  const payloads = fc.string({ unit: characters, minLength: 1, maxLength: 300 });
  const verdicts = async (signature: string, body: string): Promise<boolean[]> => [
    github.verify(delivery(body, { 'x-hub-signature-256': signature })).valid,
    await verify(SECRET, body, signature),
  ];

  it('both accept what either signs', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, async (body) => {
        expect(await verdicts(`sha256=${signHmac(SECRET, body)}`, body)).toEqual([true, true]);
        expect(await verdicts(await sign(SECRET, body), body)).toEqual([true, true]);
      }),
    );
  });

  it('both reject another secret, another body and a flipped bit', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, secrets, fc.nat(255), async (body, other, at) => {
        fc.pre(other !== SECRET);
        const flipped = withFlippedBit(reference(SECRET, Buffer.from(body)), at).toString('hex');
        expect(await verdicts(await sign(other, body), body)).toEqual([false, false]);
        expect(await verdicts(await sign(SECRET, `${body} `), body)).toEqual([false, false]);
        expect(await verdicts(`sha256=${flipped}`, body)).toEqual([false, false]);
      }),
    );
  });
});
