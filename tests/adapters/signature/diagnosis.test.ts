import { createHash, createHmac, generateKeyPairSync, sign as signEd25519 } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DIAGNOSES, type Diagnosis } from '../../../src/adapters/signature/diagnosis/diagnosis.ts';
import type { SignatureScheme } from '../../../src/adapters/signature/scheme.ts';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac.ts';
import {
  signStandardWebhook,
  standardWebhooksSignature,
} from '../../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio, twilioSignature } from '../../../src/adapters/signature/twilio/twilio.ts';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { manualClock } from '../../support/fakes.ts';
import { bodies, delivery, headerValues, second, secrets } from './support.ts';

const NOW = 1_614_265_330;
const clock = manualClock(second(NOW));
const rotation = { previousExpiresAt: second(NOW) };

const SECRET = 'testsecret';
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const WHSEC_EXPIRED = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const hmac = hmacSignature({ current: SECRET, previous: 'expired', ...rotation }, { clock });
const standard = standardWebhooksSignature({ current: WHSEC, previous: WHSEC_EXPIRED, ...rotation }, { clock });
const twilio = twilioSignature(
  { current: SECRET, previous: 'expired', ...rotation },
  { clock, publicUrl: 'https://inbox.example' },
);

const COMPACT = '{"name":"Zoë","path":"a/b","n":[1.0,12345678901234567890],"7":{},"odd":"a, b: \\"c\\""}';
const FORM = 'Body=hi&From=%2B1';
const TARGET = '/webhooks/twilio?a=1';

/** A delivery with a wrong or missing signature, and the mistake that the diagnosis finds. */
function expectDiagnosis(scheme: SignatureScheme, refused: Delivery, mistake: Diagnosis | null): void {
  expect(scheme.verify(refused).valid).toBe(false);
  expect(scheme.diagnose(refused)).toBe(mistake);
}

const digest = (algorithm: string, key: string | Uint8Array, content: string, encoding: 'hex' | 'base64'): string =>
  createHmac(algorithm, key).update(content).digest(encoding);

const inSignature = (value: string | undefined, body: string | Uint8Array = COMPACT): Delivery =>
  delivery(body, { 'x-signature': value });
const standardDelivery = (signature: string | undefined, body: string | Uint8Array = COMPACT, at = NOW): Delivery =>
  delivery(body, { 'webhook-id': 'msg_1', 'webhook-timestamp': at.toString(), 'webhook-signature': signature });
const standardSigned = (body: string, secret = WHSEC, timestampSeconds = NOW): string =>
  signStandardWebhook({ secret, id: 'msg_1', timestampSeconds, body });
const twilioDelivery = (signature: string | undefined, more: Delivery['headers'] = {}, body = FORM): Delivery =>
  delivery(body, { host: 'inbox.internal', 'x-twilio-signature': signature, ...more }, TARGET);
const twilioSigned = (origin: string, authToken = SECRET): string =>
  signTwilio({ authToken, url: `${origin}${TARGET}`, body: FORM });

describe('each diagnosis', () => {
  it('has a sentence', () => {
    for (const sentence of Object.values(DIAGNOSES)) expect(sentence).toMatch(/^[A-Z].{20,}\.$/);
  });
});

describe('the body', () => {
  /** The alternatives to COMPACT that a sender may have signed. Python's, PHP's and JavaScript's own output. */
  const writings: [string, string][] = [
    ["JavaScript's JSON.stringify", JSON.stringify(JSON.parse(COMPACT))],
    [
      "Python's json.dumps",
      String.raw`{"name": "Zo\u00eb", "path": "a/b", "n": [1.0, 12345678901234567890], "7": {}, "odd": "a, b: \"c\""}`,
    ],
    [
      "Python's json.dumps with ensure_ascii=False",
      '{"name": "Zoë", "path": "a/b", "n": [1.0, 12345678901234567890], "7": {}, "odd": "a, b: \\"c\\""}',
    ],
    [
      "Python's json.dumps without spaces",
      String.raw`{"name":"Zo\u00eb","path":"a/b","n":[1.0,12345678901234567890],"7":{},"odd":"a, b: \"c\""}`,
    ],
    [
      "PHP's json_encode",
      String.raw`{"name":"Zo\u00eb","path":"a\/b","n":[1.0,12345678901234567890],"7":{},"odd":"a, b: \"c\""}`,
    ],
  ];

  it.each(writings)('was signed as %s would write it', (_what, signed) => {
    expectDiagnosis(hmac, inSignature(signHmac(SECRET, signed)), 'reencoded_json');
    expectDiagnosis(standard, standardDelivery(standardSigned(signed)), 'reencoded_json');
  });

  it.each(writings.slice(1))('was sent as %s would write it, but signed without spaces and escapes', (_what, sent) => {
    expectDiagnosis(hmac, inSignature(signHmac(SECRET, COMPACT), sent), 'reencoded_json');
  });

  it('was signed with escapes for its characters outside the first plane', () => {
    const signed = String.raw`{"text": "\ud83d\ude00"}`;
    expectDiagnosis(hmac, inSignature(signHmac(SECRET, signed), '{"text":"😀"}'), 'reencoded_json');
  });

  it.each([
    [COMPACT, `${COMPACT}\n`],
    [COMPACT, `${COMPACT}\r\n`],
    [`${COMPACT}\n`, COMPACT],
    [`${COMPACT}\r\n`, COMPACT],
    [`${COMPACT}\r\n`, `${COMPACT}\r`],
    ['', '\n'],
  ])('has a line break more or less at its end than the signed one', (sent, signed) => {
    expectDiagnosis(hmac, inSignature(signHmac(SECRET, signed), sent), 'trailing_newline');
    expectDiagnosis(standard, standardDelivery(standardSigned(signed), sent), 'trailing_newline');
  });
});

describe('the encoding', () => {
  it('is base64 instead of hexadecimal', () => {
    expectDiagnosis(hmac, inSignature(digest('sha256', SECRET, COMPACT, 'base64')), 'base64_for_hex');
    expectDiagnosis(hmac, inSignature(`sha256=${digest('sha256', SECRET, COMPACT, 'base64')}`), 'base64_for_hex');
  });

  it('is hexadecimal instead of base64', () => {
    const hex = Buffer.from(standardSigned(COMPACT).slice(3), 'base64').toString('hex');
    expectDiagnosis(standard, standardDelivery(`v1,${hex}`), 'hex_for_base64');
    expectDiagnosis(standard, standardDelivery(hex), 'hex_for_base64');
    const twilioHex = Buffer.from(twilioSigned('https://inbox.example'), 'base64').toString('hex');
    expectDiagnosis(twilio, twilioDelivery(twilioHex), 'hex_for_base64');
  });
});

describe('the secret', () => {
  it('is the previous one, which has expired', () => {
    expectDiagnosis(hmac, inSignature(signHmac('expired', COMPACT)), 'previous_secret');
    expectDiagnosis(standard, standardDelivery(standardSigned(COMPACT, WHSEC_EXPIRED)), 'previous_secret');
    expectDiagnosis(twilio, twilioDelivery(twilioSigned('https://inbox.example', 'expired')), 'previous_secret');
  });

  it.each([WHSEC, WHSEC.slice('whsec_'.length)])('was used undecoded: %s', (text) => {
    const content = `msg_1.${NOW.toString()}.${COMPACT}`;
    const signature = digest('sha256', text, content, 'base64');
    expectDiagnosis(standard, standardDelivery(`v1,${signature}`), 'undecoded_secret');
  });
});

describe('the algorithm', () => {
  it.each(['sha1', 'sha512'])('is %s', (algorithm) => {
    const hex = digest(algorithm, SECRET, COMPACT, 'hex');
    expectDiagnosis(hmac, inSignature(hex), 'wrong_algorithm');
    expectDiagnosis(hmac, inSignature(`${algorithm}=${hex}`), 'wrong_algorithm');
    const key = Buffer.from(WHSEC.slice('whsec_'.length), 'base64');
    const signature = digest(algorithm, key, `msg_1.${NOW.toString()}.${COMPACT}`, 'base64');
    expectDiagnosis(standard, standardDelivery(`v1,${signature}`), 'wrong_algorithm');
  });

  it("is SHA-256 instead of Twilio's SHA-1", () => {
    const signature = digest('sha256', SECRET, `https://inbox.example${TARGET}BodyhiFrom+1`, 'base64');
    expectDiagnosis(twilio, twilioDelivery(signature), 'wrong_algorithm');
  });
});

describe('the header or address', () => {
  it.each(['x-hub-signature-256', 'x-signature-256', 'x-webhook-signature', 'signature'])(
    'is another header: %s',
    (name) => {
      const headers = { [name]: `sha256=${signHmac(SECRET, COMPACT)}` };
      expectDiagnosis(hmac, delivery(COMPACT, headers), 'other_header');
    },
  );

  it("is ours instead of Meta's", () => {
    const meta = hmacSignature({ current: SECRET, previous: undefined }, { clock, header: 'x-hub-signature-256' });
    expectDiagnosis(meta, inSignature(signHmac(SECRET, COMPACT)), 'other_header');
  });

  it.each(['http://inbox.example', 'https://inbox.internal', 'http://inbox.internal', 'https://proxy.example'])(
    'is another address: %s',
    (origin) => {
      const headers = { 'x-forwarded-host': 'proxy.example, inner.example' };
      expectDiagnosis(twilio, twilioDelivery(twilioSigned(origin), headers), 'other_url');
    },
  );

  it('is an address with https behind a proxy that the configuration does not name', () => {
    const direct = twilioSignature({ current: SECRET, previous: undefined }, { clock });
    expectDiagnosis(direct, twilioDelivery(twilioSigned('https://inbox.internal')), 'other_url');
  });
});

describe('Ed25519', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const whpk = `whpk_${Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`;
  const asymmetric = standardWebhooksSignature({ current: whpk, previous: undefined }, { clock });
  const expired = standardWebhooksSignature({ current: WHSEC, previous: whpk, ...rotation }, { clock });
  const signed = (body: string, at = NOW): string =>
    `v1a,${signEd25519(null, Buffer.from(`msg_1.${at.toString()}.${body}`), privateKey).toString('base64')}`;

  it('is diagnosed like any algorithm, except for mistakes of the algorithm itself', () => {
    expectDiagnosis(asymmetric, standardDelivery(signed(`${COMPACT}\n`)), 'trailing_newline');
    expectDiagnosis(asymmetric, standardDelivery(signed(JSON.stringify(JSON.parse(COMPACT)))), 'reencoded_json');
    expectDiagnosis(expired, standardDelivery(signed(COMPACT)), 'previous_secret');
    expectDiagnosis(asymmetric, standardDelivery(signed('other')), null);
    expectDiagnosis(asymmetric, standardDelivery(signed(COMPACT, NOW - 9999), COMPACT, NOW - 9999), null);
  });
});

describe('a rotation from a shared secret to a public key', () => {
  it('does not hide the mistakes with the shared one', () => {
    const whpk = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
    const rotating = standardWebhooksSignature({ current: whpk, previous: WHSEC }, { clock });
    const hex = Buffer.from(standardSigned(COMPACT).slice(3), 'base64').toString('hex');
    expectDiagnosis(rotating, standardDelivery(`v1,${hex}`), 'hex_for_base64');
  });
});

describe('no mistake', () => {
  const schemes = [hmac, standard, twilio];
  const headersOf = (signature: string | undefined) => ({
    host: 'inbox.internal',
    'webhook-id': 'msg_1',
    'webhook-timestamp': NOW.toString(),
    'webhook-signature': signature,
    'x-twilio-signature': signature,
    'x-signature': signature,
    'x-hub-signature-256': signature,
  });
  const randomDigests = fc.constantFrom(20, 32, 64).chain((length) =>
    fc
      .tuple(
        fc.uint8Array({ minLength: length, maxLength: length }),
        fc.constantFrom('hex' as const, 'base64' as const),
        fc.nat(3),
      )
      .map(([bytes, encoding, form]) => {
        const text = Buffer.from(bytes).toString(encoding);
        return `${['', 'sha256=', 'v1,', 'v1a,'][form] ?? ''}${text}`;
      }),
  );

  it('is found in signatures that are just wrong, over bodies of any kind', () => {
    const json = fc.json().map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.oneof(randomDigests, headerValues), fc.oneof(bodies, json), (signature, body) => {
        const wrong = delivery(body, headersOf(signature));
        for (const scheme of schemes) expectDiagnosis(scheme, wrong, null);
      }),
    );
  });

  it("is found in another secret's signatures", () => {
    fc.assert(
      fc.property(secrets, fc.json(), (other, body) => {
        fc.pre(other !== SECRET && other !== 'expired');
        expectDiagnosis(hmac, inSignature(signHmac(other, body), body), null);
        const signature = signTwilio({ authToken: other, url: `https://inbox.example${TARGET}`, body });
        expectDiagnosis(twilio, twilioDelivery(signature, {}, body), null);
      }),
    );
  });

  it('is found if the signature is correct: the timestamp was stale, or nothing was wrong', () => {
    const bodiesOfNote = fc.oneof(fc.json(), fc.constantFrom('', '\n', '{}\r\n', COMPACT));
    fc.assert(
      fc.property(bodiesOfNote, (body) => {
        const longAgo = NOW - 9999;
        expectDiagnosis(standard, standardDelivery(standardSigned(body, WHSEC, longAgo), body, longAgo), null);
        expect(hmac.diagnose(inSignature(signHmac(SECRET, body), body))).toBeNull();
        for (const host of ['inbox.example', 'inbox.internal']) {
          expect(twilio.diagnose(twilioDelivery(twilioSigned('https://inbox.example'), { host }))).toBeNull();
        }
      }),
    );
  });

  it('is found in a body over 16 KiB, which is not examined', () => {
    const signed = (length: number): Delivery => {
      const body = ' '.repeat(length);
      return inSignature(digest('sha256', SECRET, body, 'base64'), body);
    };
    expectDiagnosis(hmac, signed(16 * 1024), 'base64_for_hex');
    expectDiagnosis(hmac, signed(16 * 1024 + 1), null);
  });

  it('is found after the first few signatures of a header, which alone are examined', () => {
    const right = digest('sha256', SECRET, COMPACT, 'base64');
    const others = (count: number): string => Array.from({ length: count }, () => 'A'.repeat(43) + '=').join();
    expectDiagnosis(hmac, inSignature(`${others(3)},${right}`), 'base64_for_hex');
    expectDiagnosis(hmac, inSignature(`${others(4)},${right}`), null);
    expectDiagnosis(hmac, inSignature(`${'word '.repeat(11)}${right}`), 'base64_for_hex');
    expectDiagnosis(hmac, inSignature(`${'word '.repeat(12)}${right}`), null);
  });

  it('is found in a digest with half a byte more', () => {
    expectDiagnosis(hmac, inSignature(`${digest('sha1', SECRET, COMPACT, 'hex')}0`), null);
  });

  it('is found in JSON of the largest depth unless there is one', () => {
    const deep = '['.repeat(8 * 1024) + ']'.repeat(8 * 1024);
    expectDiagnosis(hmac, inSignature(signHmac('other', deep), deep), null);
    expectDiagnosis(hmac, inSignature(digest('sha1', SECRET, deep, 'hex'), deep), 'wrong_algorithm');
  });

  it('is found without a current secret', () => {
    const unconfigured = hmacSignature({ current: undefined, previous: 'old', ...rotation }, { clock });
    expectDiagnosis(unconfigured, inSignature(signHmac('old', COMPACT)), null);
  });

  it('is found if the body does not have the hash that Twilio signed', () => {
    const hash = createHash('sha256').update('other').digest('hex');
    const target = `/twilio?bodySHA256=${hash}`;
    const signature = signTwilio({ authToken: SECRET, url: `https://inbox.internal${target}` });
    expectDiagnosis(twilio, delivery('{}', { host: 'inbox.internal', 'x-twilio-signature': signature }, target), null);
  });
});
