import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { faultOfStandardSecret } from '../../../src/adapters/signature/standard-webhooks/secret.ts';
import {
  signStandardWebhook,
  standardWebhooksSignature,
} from '../../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import type { SignatureVerdict } from '../../../src/domain/delivery.ts';
import { characters, oneOf } from '../../support/arbitraries.ts';
import { manualClock } from '../../support/fakes.ts';
import { bodies, byCurrent, byPrevious, delivery, headerValues, refused, second, withFlippedBit } from './support.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const SENT_AT = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const V1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const V1A = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==';
const WRONG = `v1,${Buffer.alloc(32).toString('base64')}`;

const clock = manualClock(second(SENT_AT));
const keyedWith = (current: string, previous?: string) => standardWebhooksSignature({ current, previous }, { clock });
const verifier = keyedWith(SECRET);

const headers = (signature: string | undefined, id: string | undefined = ID, time: string | number = SENT_AT) => ({
  'webhook-id': id,
  'webhook-timestamp': String(time),
  'webhook-signature': signature,
});
const verdictOn = (...sent: Parameters<typeof headers>): SignatureVerdict =>
  verifier.verify(delivery(BODY, headers(...sent)));
const signedAt = (timestampSeconds: number): string =>
  signStandardWebhook({ secret: SECRET, id: ID, timestampSeconds, body: BODY });

const whsec = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((key) => `whsec_${base64(key)}`);
const ids = fc.string({ unit: oneOf('abcXYZ019_-. '), minLength: 1, maxLength: 40 }).map((id) => `m${id}g`);

/** A new key pair in the form of the specification. */
function keyPair(): { whsk: string; whpk: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = { ...publicKey.export({ format: 'jwk' }), ...privateKey.export({ format: 'jwk' }) };
  return { whsk: `whsk_${base64(Buffer.from(d, 'base64url'))}`, whpk: `whpk_${base64(Buffer.from(x, 'base64url'))}` };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

beforeEach(() => {
  clock.set(second(SENT_AT));
});

describe('published vectors', () => {
  it.each([
    ['v1', SECRET, V1],
    ['v1a', PUBLIC_KEY, V1A],
  ])('of %s are accepted', (_version, secret, signature) => {
    const one = keyedWith(secret);
    expect(one.configured).toBe(true);
    expect(one.verify(delivery(BODY, headers(signature)))).toMatchObject(byCurrent);
    expect(one.verify(delivery(`${BODY} `, headers(signature)))).toEqual(refused('wrong_digest'));
    expect(one.verify(delivery(BODY, headers(signature, `${ID}x`)))).toEqual(refused('wrong_digest'));
    expect(one.verify(delivery(BODY, headers(signature, ID, SENT_AT + 1)))).toEqual(refused('wrong_digest'));
  });

  it('of v1 are reproduced', () => {
    expect(signedAt(SENT_AT)).toBe(V1);
  });
});

describe("compared with the specification's own library", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const payloads = fc.string({ unit: characters, maxLength: 300 });
  const verdicts = (secret: string, id: string, signature: string, body: string): boolean[] => {
    jest.spyOn(Date, 'now').mockReturnValue(SENT_AT * 1000);
    let theirs = true;
    try {
      new Webhook(secret).verify(body, headers(signature, id) as Record<string, string>, { jsonParse: false });
    } catch {
      theirs = false;
    }
    return [keyedWith(secret).verify(delivery(body, headers(signature, id))).valid, theirs];
  };

  it('both accept what either signs', () => {
    fc.assert(
      fc.property(whsec, ids, payloads, (secret, id, body) => {
        const theirs = new Webhook(secret).sign(id, new Date(SENT_AT * 1000), body);
        expect(signStandardWebhook({ secret, id, timestampSeconds: SENT_AT, body })).toBe(theirs);
        expect(verdicts(secret, id, theirs, body)).toEqual([true, true]);
        expect(verdicts(secret, id, `${WRONG} v2,what ${V1A} ${theirs}`, body)).toEqual([true, true]);
      }),
    );
  });

  it('both reject another secret, another body and a flipped bit', () => {
    fc.assert(
      fc.property(whsec, whsec, ids, payloads, fc.nat(255), (secret, other, id, body, at) => {
        fc.pre(secret !== other);
        const sign = (by: string, what: string) => new Webhook(by).sign(id, new Date(SENT_AT * 1000), what);
        const digest = Buffer.from(sign(secret, body).slice(3), 'base64');
        expect(verdicts(secret, id, sign(other, body), body)).toEqual([false, false]);
        expect(verdicts(secret, id, sign(secret, `${body} `), body)).toEqual([false, false]);
        expect(verdicts(secret, id, `v1,${base64(withFlippedBit(digest, at))}`, body)).toEqual([false, false]);
      }),
    );
  });

  it('both reject one character more or less in the base64, even where it decodes to the same bytes', () => {
    const spellings = [V1.slice(0, -1), `${V1}=`, V1.replace('OE=', 'OF='), V1.replace('+', '-').replace('/', '_')];
    for (const spelling of spellings) {
      expect(Buffer.from(spelling.slice(3), 'base64')).toEqual(Buffer.from(V1.slice(3), 'base64'));
      expect(verdicts(SECRET, ID, spelling, BODY)).toEqual([false, false]);
    }
  });
});

describe('Ed25519', () => {
  const pair = keyPair();
  const publicKeyOnly = keyedWith(pair.whpk);
  const signed = (body: Uint8Array, secret = pair.whsk) =>
    signStandardWebhook({ secret, id: ID, timestampSeconds: SENT_AT, body });

  it('accepts signatures of any bytes with the public key, and with no other', () => {
    fc.assert(
      fc.property(bodies, fc.nat(511), (body, at) => {
        const signature = signed(body);
        const flipped = withFlippedBit(Buffer.from(signature.slice(4), 'base64'), at);
        expect(publicKeyOnly.verify(delivery(body, headers(signature)))).toMatchObject(byCurrent);
        for (const wrong of [V1A, signed(body, keyPair().whsk), `v1a,${base64(flipped)}`]) {
          expect(publicKeyOnly.verify(delivery(body, headers(wrong)))).toEqual(refused('wrong_digest'));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('accepts private keys with their public key after the seed', () => {
    const [seed, publicKey] = [pair.whsk, pair.whpk].map((key) => Buffer.from(key.slice(5), 'base64'));
    const long = `whsk_${base64(Buffer.concat([seed ?? Buffer.alloc(0), publicKey ?? Buffer.alloc(0)]))}`;
    expect(signed(Buffer.from(BODY), long)).toBe(signed(Buffer.from(BODY)));
  });

  it('does not use public keys as HMAC secrets: a signature with a public value proves nothing', () => {
    const bytes = Buffer.from(pair.whpk.slice(5), 'base64');
    const forged = signStandardWebhook({
      secret: `whsec_${base64(bytes)}`,
      id: ID,
      timestampSeconds: SENT_AT,
      body: BODY,
    });
    expect(publicKeyOnly.verify(delivery(BODY, headers(forged)))).toEqual(refused('wrong_digest'));
  });

  it('works beside a shared secret during a rotation', () => {
    const rotating = keyedWith(pair.whpk, SECRET);
    expect(rotating.verify(delivery(BODY, headers(V1)))).toMatchObject(byPrevious);
    expect(rotating.verify(delivery(BODY, headers(`${V1} ${signed(Buffer.from(BODY))}`)))).toMatchObject(byCurrent);
  });
});

describe('the timestamp', () => {
  const at = (seconds: number, sentAt = SENT_AT, tolerating = verifier): SignatureVerdict => {
    clock.set(second(seconds));
    return tolerating.verify(delivery(BODY, headers(signedAt(sentAt), ID, sentAt)));
  };
  const stale = (deltaSeconds: number) => ({ valid: false, reason: 'stale_timestamp', deltaSeconds });

  it('may differ from now by up to 300 whole seconds, either way', () => {
    expect(at(SENT_AT + 300.999)).toMatchObject(byCurrent);
    expect(at(SENT_AT + 301)).toEqual(stale(-301));
    expect(at(SENT_AT - 300)).toMatchObject(byCurrent);
    expect(at(SENT_AT - 300.001)).toEqual(stale(301));
  });

  it('may differ from now by up to the configured number of seconds', () => {
    const strict = standardWebhooksSignature({ current: SECRET, previous: undefined }, { clock, toleranceSeconds: 5 });
    expect(at(SENT_AT + 5, SENT_AT, strict)).toMatchObject(byCurrent);
    expect(at(SENT_AT + 6, SENT_AT, strict)).toEqual(stale(-6));
    expect(at(SENT_AT - 6, SENT_AT, strict)).toEqual(stale(6));
  });

  it('is reported as stale for signed deliveries only', () => {
    clock.set(second(SENT_AT + 9999));
    expect(verdictOn(WRONG)).toEqual(refused('wrong_digest'));
    expect(verdictOn(V1, ID, SENT_AT + 9999)).toEqual(refused('wrong_digest'));
  });

  it('in milliseconds is far in the future', () => {
    expect(at(SENT_AT, SENT_AT * 1000)).toEqual(stale(SENT_AT * 999));
  });

  it.each(['1614265330.5', '-1', '+1614265330', '1e9', '0x60', 'today', '1614265330 ', '1'.repeat(16)])(
    'is malformed unless it is a whole number: %p',
    (time) => {
      const signature = signStandardWebhook({ secret: SECRET, id: ID, timestampSeconds: Number(time), body: BODY });
      const expected = time.endsWith(' ') ? byCurrent : refused('malformed_signature'); // servers trim header values
      expect(verdictOn(signature, ID, time)).toMatchObject(expected);
    },
  );
});

describe('the headers', () => {
  const asSvix = { 'svix-id': ID, 'svix-timestamp': String(SENT_AT), 'svix-signature': V1 };

  it('may be those of Svix', () => {
    expect(verifier.verify(delivery(BODY, asSvix))).toEqual({ ...byCurrent, deliveryId: ID });
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('are all required: %s', (name) => {
    for (const missing of [undefined, '', '  ']) {
      const incomplete = { ...headers(V1), [name]: missing };
      expect(verifier.verify(delivery(BODY, incomplete))).toEqual(refused('missing_header'));
    }
  });

  it('are of one family: an id from the other family was not signed', () => {
    const mixed = { ...asSvix, 'webhook-id': 'msg_forged' };
    expect(verifier.verify(delivery(BODY, mixed))).toEqual({ ...byCurrent, deliveryId: ID });
    const both = { ...asSvix, ...headers(WRONG, 'msg_forged') };
    expect(verifier.verify(delivery(BODY, both))).toEqual(refused('wrong_digest'));
  });

  it.each(['', 'v1', 'v1,', 'garbage', V1.slice(3), `v2,${V1.slice(3)}`, `V1,${V1.slice(3)}`, `v1a,${V1.slice(3)}`])(
    'are malformed without a signature of a known version and length: %p',
    (signature) => {
      expect(verdictOn(signature)).toEqual(refused(signature === '' ? 'missing_header' : 'malformed_signature'));
    },
  );

  it('are malformed if the id is not printable ASCII', () => {
    for (const id of ['msg_é', 'msg\u0001', 'msg\n1']) {
      const signature = signStandardWebhook({ secret: SECRET, id, timestampSeconds: SENT_AT, body: BODY });
      expect(verdictOn(signature, id)).toEqual(refused('malformed_signature'));
    }
  });

  it('may hold as many signatures of others as fit into a header', () => {
    const after = (count: number, other: string): string => [...Array<string>(count).fill(other), V1].join(' ');
    expect(verdictOn(after(8, WRONG))).toMatchObject(byCurrent);
    expect(verdictOn(after(300, WRONG))).toMatchObject(byCurrent);
    expect(verdictOn(after(300, V1A))).toMatchObject(byCurrent);
    expect(verdictOn(after(1_000, 'v9,new'))).toMatchObject(byCurrent);
    expect(verdictOn(`${V1A}  ${V1}`)).toMatchObject(byCurrent);
    expect(verdictOn(V1A)).toEqual(refused('wrong_digest'));
  });

  it('may hold up to sixteen signatures by public keys, because each takes long to verify', () => {
    const publicKey = keyedWith(PUBLIC_KEY);
    const other = `v1a,${base64(Buffer.alloc(64, 1))}`;
    const after = (count: number) => headers([...Array<string>(count).fill(other), V1A].join(' '));
    expect(publicKey.verify(delivery(BODY, after(15)))).toMatchObject(byCurrent);
    expect(publicKey.verify(delivery(BODY, after(16)))).toEqual(refused('wrong_digest'));
  });

  it('may be anything without an exception', () => {
    const nearly = fc
      .constantFrom('v1,', 'v1a,', V1, WRONG, V1A, ' ', ',', '=')
      .chain((part) =>
        fc.array(fc.constantFrom(part, 'A', '=', ' ', 'v1,'), { maxLength: 60 }).map((parts) => parts.join('')),
      );
    const signatures = fc.oneof(headerValues, nearly);
    fc.assert(
      fc.property(headerValues, headerValues, signatures, bodies, (id, time, signature, body) => {
        const sent = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature };
        for (const one of [verifier, keyedWith(PUBLIC_KEY)]) {
          expect(one.verify(delivery(body, sent)).valid).toBe(false);
          expect(one.verify(delivery(body, headers(signature, ID, SENT_AT + 7))).valid).toBe(false);
        }
      }),
    );
  });
});

describe('the form of a secret', () => {
  const ofBytes = (bytes: number): string => base64(Buffer.alloc(bytes, 7));
  const bare = SECRET.slice(6);

  it.each([
    ['of the specification', SECRET],
    ['with a public key', PUBLIC_KEY],
    ['with an unpadded public key', PUBLIC_KEY.replace('=', '')],
    ['of 16 bytes', `whsec_${ofBytes(16)}`],
    ['of 23 bytes', `whsec_${ofBytes(23)}`],
    ['of 80 bytes', `whsec_${ofBytes(80)}`],
    ['unpadded', `whsec_${ofBytes(25).replaceAll('=', '')}`],
    ['without a prefix', bare],
    ['of Supabase', `v1,${SECRET}`],
    ['in white space', ` ${SECRET}\n`],
  ])('may be that %s', (_what, secret) => {
    expect(faultOfStandardSecret(secret)).toBeNull();
    expect(keyedWith(secret).configured).toBe(true);
  });

  it.each([bare, `v1,${SECRET}`, `v1,${bare}`, ` ${SECRET} `])(
    'names the same key however it is written: %j',
    (secret) => {
      expect(keyedWith(secret).verify(delivery(BODY, headers(V1)))).toMatchObject(byCurrent);
      expect(signStandardWebhook({ secret, id: ID, timestampSeconds: SENT_AT, body: BODY })).toBe(V1);
    },
  );

  it.each([
    ['nothing after the prefix', 'whsec_', 'must have base64 after its prefix'],
    ['too few bytes', `whsec_${ofBytes(15)}`, 'at least 16 bytes, but is that of 15'],
    ['another case', SECRET.replace('whsec', 'WHSEC'), 'must begin with whsec_ or whpk_, in lower case'],
    ['another prefix', `sk_${bare}`, 'must begin with whsec_ or whpk_'],
    ['base64 of another alphabet', SECRET.replace('M', '_'), 'with + and /, not with - and _'],
    ['white space within', SECRET.replace('M', ' M'), 'with no other characters'],
    ['one character less', SECRET.slice(0, -1) + '=='.slice(1), 'whole'],
    ['bits that belong to no byte', `whsec_${ofBytes(25).replace('w==', 'x==')}`, 'whole'],
    ['several secrets', `v1,${SECRET}|v1,${SECRET}`, 'must be one secret'],
    ['a public key that is too short', `whpk_${ofBytes(31)}`, '32 bytes after whpk_, but has 31'],
    ['a public key that is too long', `whpk_${ofBytes(33)}`, '32 bytes after whpk_, but has 33'],
    ['a private key, which no receiver should have', keyPair().whsk, 'must not be a private key'],
    ['text', 'testsecret', 'must be base64'],
  ])('is invalid with %s, accepts nothing, and the fault says why', (_what, secret, why) => {
    expect(faultOfStandardSecret(secret)).toContain(why);
    expect(keyedWith(secret).configured).toBe(false);
    expect(keyedWith(secret).verify(delivery(BODY, headers(V1)))).toEqual(refused('no_secret_configured'));
  });

  it('is taken as the specification’s own library takes it, or refused, and never repeated', () => {
    const prefixes = fc.constantFrom('whsec_', '', 'v1,whsec_');
    const written = fc.tuple(prefixes, fc.uint8Array({ minLength: 16, maxLength: 90 }), fc.boolean());
    fc.assert(
      fc.property(written, ([prefix, bytes, isPadded]) => {
        const secret = prefix + (isPadded ? base64(bytes) : base64(bytes).replaceAll('=', ''));
        const theirs = new Webhook(base64(bytes)).sign(ID, new Date(SENT_AT * 1000), BODY);
        expect(keyedWith(secret).verify(delivery(BODY, headers(theirs)))).toMatchObject(byCurrent);
      }),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (text) => {
        expect(faultOfStandardSecret(text) ?? '').not.toContain(text);
      }),
    );
  });

  it('is checked for signing, too', () => {
    for (const secret of [PUBLIC_KEY, 'testsecret', `whsec_${ofBytes(15)}`, `whsk_${ofBytes(31)}`]) {
      const message = { secret, id: ID, timestampSeconds: SENT_AT, body: BODY };
      expect(() => signStandardWebhook(message)).toThrow(RangeError);
    }
  });
});
