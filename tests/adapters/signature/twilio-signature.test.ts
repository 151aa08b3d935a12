import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } from 'twilio/lib/webhooks/webhooks.js';
import { signTwilio, twilioSignature } from '../../../src/adapters/signature/twilio/twilio.ts';
import type { SignatureVerdict } from '../../../src/domain/delivery.ts';
import { characters, textCharacters } from '../../support/arbitraries.ts';
import { manualClock } from '../../support/fakes.ts';
import { bodies, byCurrent, delivery, headerValues, refused, second, secrets, withFlippedBit } from './support.ts';

const TOKEN = '12345';
const ORIGIN = 'https://mycompany.com';
const TARGET = '/myapp.php?foo=1&bar=2';
const PARAMETERS = {
  CallSid: 'CA1234567890ABCDE',
  Caller: '+14158675309',
  Digits: '1234',
  From: '+14158675309',
  To: '+18005551212',
};
const FORM = new URLSearchParams(PARAMETERS).toString();
const FORM_TYPE = 'application/x-www-form-urlencoded; charset=UTF-8';
const SIGNATURE = 'RSOYDt4T1cUTdK1PDd93/VVr8B8=';

const clock = manualClock(second(0));
const behind = (publicUrl: string | undefined, current = TOKEN) =>
  twilioSignature({ current, previous: undefined }, { clock, publicUrl });
const verifier = behind(ORIGIN);

const sent = (signature: string | undefined, body: string | Uint8Array = FORM, target = TARGET, host?: string) =>
  delivery(body, { 'x-twilio-signature': signature, host, 'content-type': FORM_TYPE }, target);
const signedFor = (url: string, body: string | Uint8Array = FORM): string =>
  signTwilio({ authToken: TOKEN, url, body });
const sha256 = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex');

describe('the published vector', () => {
  it('is accepted and reproduced', () => {
    expect(verifier.verify(sent(SIGNATURE))).toEqual(byCurrent);
    expect(signedFor(`${ORIGIN}${TARGET}`)).toBe(SIGNATURE);
  });

  it('does not depend on the order of the parameters', () => {
    const reversed = FORM.split('&').reverse().join('&');
    expect(verifier.verify(sent(SIGNATURE, reversed))).toEqual(byCurrent);
  });

  it.each([
    ['a parameter more', `${FORM}&New=1`, TARGET],
    ['a parameter less', FORM.replace('Digits=1234&', ''), TARGET],
    ['another value', FORM.replace('1234', '1235'), TARGET],
    ['no body', '', TARGET],
    ['another path', FORM, TARGET.replace('myapp', 'other')],
    ['another query', FORM, TARGET.replace('foo=1', 'foo=2')],
    ['another order of the query', FORM, '/myapp.php?bar=2&foo=1'],
  ])('is wrong with %s', (_what, body, target) => {
    expect(verifier.verify(sent(SIGNATURE, body, target))).toEqual(refused('wrong_digest'));
  });
});

describe("compared with Twilio's own library", () => {
  const names = fc.oneof(
    fc.constantFrom('Body', 'From', 'a', 'A', 'aa', 'constructor', 'SipHeader_X-Caller'),
    fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,12}$/),
  );
  const values = fc.oneof(
    fc.constantFrom('', '1', '+1', ' ', '&='),
    fc.string({ unit: textCharacters, maxLength: 20 }),
  );
  const forms = fc.array(fc.tuple(names, values), { maxLength: 12 });
  const origins = fc.constantFrom(
    'https://a.example',
    'https://a.example:443',
    'https://a.example:8443',
    'http://a.example',
    'http://a.example:80',
    'http://a.example:8080',
    'https://user:pass@a.example',
    'http://[::1]',
    'http://[::1]:3000',
  );
  const targets = fc.constantFrom('/', '/twilio', '/twilio?a=1', "/t?name=O'Brien", '/t?a=%20+&&', '/t?x=http://b:1/');

  /** As a web framework passes a form to the library: repeated names are lists. No prototype: a name may be anything. */
  const parsed = (form: [string, string][]): Record<string, string | string[]> => {
    const parameters = Object.create(null) as Record<string, string | string[]>;
    for (const [name, value] of form) {
      const before = parameters[name];
      parameters[name] = before === undefined ? value : [before, value].flat();
    }
    return parameters;
  };
  const verdicts = (origin: string, target: string, form: [string, string][], signature: string, token = TOKEN) => [
    behind(origin, token).verify(sent(signature, new URLSearchParams(form).toString(), target)).valid,
    validateRequest(token, signature, `${origin}${target}`, parsed(form)),
  ];

  it('both accept what either signs', () => {
    fc.assert(
      fc.property(origins, targets, forms, (origin, target, form) => {
        const ours = signedFor(`${origin}${target}`, new URLSearchParams(form).toString());
        expect(getExpectedTwilioSignature(TOKEN, `${origin}${target}`, parsed(form))).toBe(ours);
        expect(verdicts(origin, target, form, ours)).toEqual([true, true]);
      }),
    );
  });

  it('both accept either form of the port, and no other', () => {
    fc.assert(
      fc.property(origins, origins, targets, forms, (signed, configured, target, form) => {
        const signature = getExpectedTwilioSignature(TOKEN, `${signed}${target}`, parsed(form));
        const [ours, theirs] = verdicts(configured, target, form, signature);
        expect(ours).toBe(theirs);
      }),
    );
  });

  it('both reject another token, another form and a flipped bit', () => {
    fc.assert(
      fc.property(origins, targets, forms, secrets, fc.nat(159), (origin, target, form, other, at) => {
        fc.pre(other !== TOKEN);
        const signature = signedFor(`${origin}${target}`, new URLSearchParams(form).toString());
        const flipped = withFlippedBit(Buffer.from(signature, 'base64'), at).toString('base64');
        expect(verdicts(origin, target, form, signature, other)).toEqual([false, false]);
        expect(verdicts(origin, target, [...form, ['Extra', '1']], signature)).toEqual([false, false]);
        expect(verdicts(origin, target, form, flipped)).toEqual([false, false]);
      }),
    );
  });

  it('both compare a body with the bodySHA256 of the address', () => {
    const json = fc.json().map((text) => text || '0');
    fc.assert(
      fc.property(origins, json, json, (origin, body, other) => {
        fc.pre(body !== other);
        const target = `/twilio?a=1&bodySHA256=${sha256(body)}`;
        const signature = getExpectedTwilioSignature(TOKEN, `${origin}${target}`, {});
        expect(signTwilio({ authToken: TOKEN, url: `${origin}${target}`, body })).toBe(signature);
        for (const given of [body, other]) {
          const theirs = validateRequestWithBody(TOKEN, signature, `${origin}${target}`, given);
          expect(theirs).toBe(given === body);
          expect(behind(origin).verify(sent(signature, given, target)).valid).toBe(theirs);
        }
      }),
    );
  });
});

describe('the address', () => {
  it('is the public one, whatever the Host header is', () => {
    expect(verifier.verify(sent(SIGNATURE, FORM, TARGET, 'inbox.internal:8000'))).toEqual(byCurrent);
    expect(behind('https://other.example').verify(sent(SIGNATURE, FORM, TARGET, 'mycompany.com'))).toEqual(
      refused('wrong_digest'),
    );
  });

  it.each(['https://a.example/inbox', 'https://a.example/inbox/'])('may begin with a path: %s', (publicUrl) => {
    const signature = signedFor('https://a.example/inbox/twilio');
    expect(behind(publicUrl).verify(sent(signature, FORM, '/twilio'))).toEqual(byCurrent);
    expect(behind(publicUrl).verify(sent(signature, FORM, '/inbox/twilio'))).toEqual(refused('wrong_digest'));
  });

  it.each(['a.example', 'a.example:80', 'a.example:8000', '[::1]:8000'])(
    'is made from the Host otherwise: %s',
    (host) => {
      const direct = (url: string): SignatureVerdict =>
        behind(undefined).verify(sent(signedFor(url), FORM, '/twilio', host));
      expect(direct(`http://${host}/twilio`)).toEqual(byCurrent);
      expect(direct(`https://${host}/twilio`)).toEqual(refused('wrong_digest'));
      expect(direct('http://other.example/twilio')).toEqual(refused('wrong_digest'));
    },
  );

  it('is unknown without a Host', () => {
    expect(behind(undefined).verify(sent(SIGNATURE))).toEqual(refused('missing_header'));
  });
});

describe('a body', () => {
  const url = (target: string): string => `${ORIGIN}${target}`;

  it('may be anything if the address has its hash', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        const target = `/twilio?bodySHA256=${sha256(body)}`;
        const signature = signedFor(url(target));
        expect(verifier.verify(sent(signature, body, target))).toEqual(byCurrent);
        const longer = Buffer.concat([body, Buffer.from(' ')]);
        expect(verifier.verify(sent(signature, longer, target))).toEqual(refused('wrong_digest'));
      }),
    );
  });

  it.each(['', 'short', sha256('other'), sha256('{}').toUpperCase()])('is not covered by the hash %p', (hash) => {
    const target = `/twilio?bodySHA256=${hash}`;
    expect(verifier.verify(sent(signedFor(url(target)), '{}', target))).toEqual(refused('wrong_digest'));
  });

  it('without a hash is signed as a form, whatever it is', () => {
    const unsigned = signedFor(url('/twilio'), '');
    expect(verifier.verify(sent(unsigned, '', '/twilio'))).toEqual(byCurrent);
    for (const body of ['{"a":1}', 'x', '=', '\0']) {
      expect(verifier.verify(sent(unsigned, body, '/twilio')).valid).toBe(false);
    }
    expect(verifier.verify(sent(signedFor(url('/twilio'), 'a=1'), 'a=1', '/twilio'))).toEqual(byCurrent);
  });

  it('counts equal values of a repeated name once, in order', () => {
    const signature = signedFor(url('/t'), 'A=2&A=1&A=2');
    expect(verifier.verify(sent(signature, 'A=1&A=2', '/t'))).toEqual(byCurrent);
    expect(verifier.verify(sent(signature, 'A=1&A=3', '/t'))).toEqual(refused('wrong_digest'));
  });

  it('may have 1,000 parameters', () => {
    const form = (count: number): string => Array.from({ length: count }, (_, i) => `p${i.toString()}=1`).join('&');
    expect(verifier.verify(sent(signedFor(url('/t'), form(1000)), form(1000), '/t'))).toEqual(byCurrent);
    expect(verifier.verify(sent(signedFor(url('/t'), form(1001)), form(1001), '/t'))).toEqual(refused('wrong_digest'));
  });
});

describe('a form of Twilio with the same signature', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{32}$/);
  const ids = hex.map((digits) => `SM${digits}`);
  /** What a person can write, including what helps to forge. */
  const words = (genuine: string, other: string) =>
    fc.oneof(
      fc.string({ unit: textCharacters, maxLength: 30 }),
      fc.constantFrom(`MessageSid${other}`, `x MessageSid${other}Zz`, `MessageSid${genuine}`, 'What is a MessageSid?'),
    );
  /** The same text cut at other places, given as the positions where names and values end. */
  const recut = (text: string, cuts: readonly number[]): [string, string][] => {
    const ends = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
    const parts = ends.slice(1).map((end, i) => text.slice(ends[i], end));
    return Array.from({ length: Math.ceil(parts.length / 2) }, (_, i) => [parts[2 * i] ?? '', parts[2 * i + 1] ?? '']);
  };
  const sidIn = (form: [string, string][]): string | undefined =>
    form.findLast(([name, value]) => (name === 'MessageSid' || name === 'SmsMessageSid') && value !== '')?.[1];
  const verdictOf = (form: [string, string][], signature: string): SignatureVerdict =>
    verifier.verify(sent(signature, new URLSearchParams(form).toString(), '/t'));

  const genuineForms = fc
    .tuple(ids, ids)
    .chain(([id, other]) => fc.tuple(fc.constant(id), fc.constant(other), words(id, other)))
    .map(([id, other, body]) => ({
      ...{ id, other, body },
      form: [
        ['AccountSid', `AC${id.slice(2)}`],
        ['Body', body],
        ['From', 'whatsapp:+14155238886'],
        ['MessageSid', id],
        ['NumMedia', '0'],
        ['SmsMessageSid', id],
        ['To', 'whatsapp:+14155550100'],
      ] as [string, string][],
    }));
  const textOf = (form: [string, string][]): string => form.map(([name, value]) => name + value).join('');

  it('is accepted as Twilio sends it, whatever a person writes, unless that is the id of another message', () => {
    fc.assert(
      fc.property(genuineForms, ({ form, other, body }) => {
        const signature = signedFor(`${ORIGIN}/t`, new URLSearchParams(form).toString());
        expect(verdictOf(form, signature).valid).toBe(!body.includes(`MessageSid${other}`));
      }),
    );
  });

  it('never names another message, wherever its text is cut', () => {
    fc.assert(
      fc.property(genuineForms, fc.array(fc.nat(), { maxLength: 12 }), ({ form, id }, cuts) => {
        const signature = signedFor(`${ORIGIN}/t`, new URLSearchParams(form).toString());
        const forged = recut(textOf(form), cuts);
        if (verdictOf(forged, signature).valid) expect(sidIn(forged)).toBe(id);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, (id: string, other: string) => [string, string][]]>([
    [
      'a shorter id',
      (id) => [
        ['MessageSid', id.slice(0, 33)],
        [`${id.slice(33)}NumMedia`, '0'],
      ],
    ],
    ['a longer id', (id) => [['MessageSid', `${id}NumMedia0`]]],
    ['no id', (id) => [['Me', `ssageSid${id}NumMedia0`]]],
    [
      'the id that a person wrote',
      (id, other) => [
        ['Body', 'x'],
        ['MessageSid', other],
        ['Zz', `MessageSid${id}NumMedia0`],
      ],
    ],
  ])('is rejected with %s', (_what, cut) => {
    const [id, other] = [`SM${'a'.repeat(32)}`, `SM${'b'.repeat(32)}`];
    const form = cut(id, other);
    const signature = signedFor(`${ORIGIN}/t`, new URLSearchParams(form).toString());
    expect(verdictOf(form, signature)).toEqual({ ...refused('wrong_digest'), detail: expect.any(String) });
  });

  it.each(['', '1', '+1', 'From ', 'a-b', 'ä', '{"a":1}'])('has no parameter named %j', (name) => {
    const body = new URLSearchParams([[name, 'x']]).toString();
    expect(verifier.verify(sent(signedFor(`${ORIGIN}/t`, body), body, '/t')).valid).toBe(false);
  });

  it('does not cover JSON, which needs its hash in the address', () => {
    const [name, value] = ['{"MessageSid":"', 'SM1"}'];
    const body = `${name}=${value}`;
    const headers = { 'x-twilio-signature': signedFor(`${ORIGIN}/t`, body), 'content-type': 'application/json' };
    expect(verifier.verify(delivery(body, headers, '/t'))).toMatchObject({ valid: false, reason: 'wrong_digest' });
    const form = { ...headers, 'x-twilio-signature': signedFor(`${ORIGIN}/t`, 'a=b') };
    expect(verifier.verify(delivery('a=b', form, '/t'))).toMatchObject({
      valid: false,
      detail: expect.stringMatching(/bodySHA256/),
    });
    for (const type of ['Application/JSON; charset=utf-8', 'text/json', 'application/cloudevents+json']) {
      expect(verifier.verify(delivery('a=b', { ...form, 'content-type': type }, '/t')).valid).toBe(false);
    }
  });
});

describe('the header', () => {
  it.each([undefined, '', '  '])('is missing if it is %p', (header) => {
    expect(verifier.verify(sent(header))).toEqual(refused('missing_header'));
  });

  it.each(['garbage', SIGNATURE.slice(0, -1), `${SIGNATURE}=`, `${SIGNATURE},${SIGNATURE}`, 'A'.repeat(40)])(
    'is malformed unless it is the base64 of 20 bytes: %s',
    (header) => {
      expect(verifier.verify(sent(header))).toEqual(refused('malformed_signature'));
    },
  );

  it('may be anything without an exception, like the address and the body', () => {
    const targets = fc.string({ unit: characters, maxLength: 50 });
    fc.assert(
      fc.property(headerValues, headerValues, targets, bodies, (header, host, target, body) => {
        for (const one of [verifier, behind(undefined), behind('nonsense')]) {
          expect(one.verify(sent(header, body, target, host)).valid).toBe(false);
          expect(one.verify(sent(SIGNATURE, body, target, host)).valid).toBe(false);
        }
      }),
    );
  });
});

describe('several accounts', () => {
  const several = twilioSignature(
    { current: TOKEN, previous: undefined },
    { clock, publicUrl: ORIGIN, otherTokens: ['a', 'b'] },
  );

  it('may call the same address, each with its own token', () => {
    for (const token of [TOKEN, 'a', 'b']) {
      const signature = getExpectedTwilioSignature(token, `${ORIGIN}${TARGET}`, PARAMETERS);
      expect(several.verify(sent(signature))).toEqual(byCurrent);
      expect(verifier.verify(sent(signature)).valid).toBe(token === TOKEN);
    }
    expect(several.verify(sent(getExpectedTwilioSignature('c', `${ORIGIN}${TARGET}`, PARAMETERS)))).toEqual(
      refused('wrong_digest'),
    );
  });

  it('need no token of the first one', () => {
    const other = twilioSignature(
      { current: undefined, previous: undefined },
      { clock, publicUrl: ORIGIN, otherTokens: [TOKEN] },
    );
    expect(other.configured).toBe(true);
    expect(other.verify(sent(SIGNATURE))).toEqual(byCurrent);
  });
});

describe('a shared key', () => {
  const KEYS = { WK1: 'first key', WK2: 'second key' };
  const shared = twilioSignature(
    { current: TOKEN, previous: undefined },
    { clock, publicUrl: ORIGIN, sharedKeys: KEYS },
  );
  const text = Object.entries(PARAMETERS).flat().join('');
  const signed = (secret: string, hash = 'sha256'): string =>
    createHmac(hash, secret).update(`${ORIGIN}${TARGET}${text}`).digest('base64');
  const verdict = (settings: string, signature: string, by = shared): SignatureVerdict => {
    const headers = { 'x-twilio-signature': signature, 'x-twilio-webhooks-signature-settings': settings };
    return by.verify(delivery(FORM, headers, TARGET));
  };

  it('signs by the algorithm that the delivery names, and each key only under its id', () => {
    expect(verdict('key=WK1,algorithm=HMAC_SHA256', signed('first key'))).toEqual(byCurrent);
    expect(verdict(' Key = WK2 , Algorithm = hmac_sha256 ', signed('second key'))).toEqual(byCurrent);
    expect(verdict('key=WK2,algorithm=HMAC_SHA512', signed('second key', 'sha512'))).toEqual(byCurrent);
    expect(verdict('key=WK2,algorithm=HMAC_SHA256', signed('first key'))).toEqual(refused('wrong_digest'));
    expect(verdict('key=WK3,algorithm=HMAC_SHA256', signed('first key'))).toEqual(refused('wrong_digest'));
    expect(verdict('algorithm=HMAC_SHA256', signed('first key'))).toEqual(refused('wrong_digest'));
  });

  it('is not replaced by an auth token, and replaces none', () => {
    expect(verdict('key=WK1,algorithm=HMAC_SHA1', SIGNATURE)).toEqual(refused('wrong_digest'));
    expect(shared.verify(sent(SIGNATURE))).toEqual(byCurrent);
    expect(shared.verify(sent(signed('first key', 'sha1')))).toEqual(refused('wrong_digest'));
  });

  it.each(['HMAC_MD5', '', 'constructor', 'HMAC_SHA1'])('is malformed with a digest that is not of %p', (algorithm) => {
    expect(verdict(`key=WK1,algorithm=${algorithm}`, signed('first key'))).toEqual(refused('malformed_signature'));
  });

  it('is enough, without an auth token', () => {
    const alone = twilioSignature(
      { current: undefined, previous: undefined },
      { clock, publicUrl: ORIGIN, sharedKeys: KEYS },
    );
    expect(alone.configured).toBe(true);
    expect(verdict('key=WK1,algorithm=HMAC_SHA256', signed('first key'), alone)).toEqual(byCurrent);
    expect(alone.verify(sent(SIGNATURE))).toEqual(refused('wrong_digest'));
  });

  it('that is not known is named as the mistake', () => {
    const headers = {
      'x-twilio-signature': signed('first key'),
      'x-twilio-webhooks-signature-settings': 'key=WK1,algorithm=HMAC_SHA256',
    };
    expect(verifier.diagnose(delivery(FORM, headers, TARGET))).toBe('unknown_shared_key');
    expect(shared.diagnose(delivery(FORM, headers, '/other'))).toBeNull();
  });

  it('may be anything without an exception', () => {
    fc.assert(
      fc.property(headerValues, headerValues, (settings, signature) => {
        if (settings?.trim()) expect(verdict(settings, signature ?? '').valid).toBe(false);
      }),
    );
  });
});
