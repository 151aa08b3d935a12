import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isSecret, readKeyCheck } from '../../../src/adapters/http/security.ts';
import type { SignatureScheme } from '../../../src/adapters/signature/diagnosis.ts';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac-signature.ts';
import { signStandardWebhook, standardWebhooksSignature } from '../../../src/adapters/signature/standard-webhooks.ts';
import { signTwilio, twilioSignature } from '../../../src/adapters/signature/twilio-signature.ts';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { manualClock } from '../../support/fakes.ts';
import { dependsOnContent, timingDifference } from '../../support/timing.ts';
import { delivery, second } from './support.ts';

/** As many different inputs of each kind. */
const INPUTS = 64;
const SECRET = 'secret of the service';
const STANDARD_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const NOW = 1_764_000_000;
const secrets = (current: string) => ({ current, previous: undefined });
const clock = manualClock(second(NOW));
const BODY = Buffer.from('{"message_id":"m1"}');
const TARGET = '/webhooks/any';

/** Digests that differ from the right one in the first byte, and those that differ in the last only. */
function wrongDigests(right: Buffer): [Buffer[], Buffer[]] {
  const wrongAt = (at: number): Buffer[] =>
    Array.from({ length: INPUTS }, () => {
      const digest = Buffer.from(right);
      digest[at] = (digest[at] ?? 0) ^ randomInt(1, 256);
      return digest;
    });
  return [wrongAt(0), wrongAt(right.length - 1)];
}

function wrongDeliveries(right: Buffer, headers: (digest: Buffer) => Delivery['headers']): [Delivery[], Delivery[]] {
  const [first, last] = wrongDigests(right);
  const toDelivery = (digest: Buffer): Delivery => delivery(BODY, headers(digest), TARGET);
  return [first.map(toDelivery), last.map(toDelivery)];
}

/** Words as long as the right one, other than it in the first character, and in the last only. */
function wrongWords(right: string): [string[], string[]] {
  const others = Array.from({ length: INPUTS }, (_, i) => String.fromCharCode(0x67 + (i % 16))); // no hexadecimal digit
  return [others.map((other) => other + right.slice(1)), others.map((other) => right.slice(0, -1) + other)];
}

const HEX = signHmac(SECRET, BODY);
const hexDeliveries = wrongDeliveries(Buffer.from(HEX, 'hex'), (digest) => ({ 'x-signature': digest.toString('hex') }));
const KEY = randomBytes(512).toString('hex');

describe('the time of a check does not tell how much of it was right', () => {
  it('of the webhook and of WhatsApp, an HMAC in hexadecimal', () => {
    const verify = verifying(hmacSignature(secrets(SECRET), { clock }));
    expect(verify(delivery(BODY, { 'x-signature': HEX }))).toBe('valid');
    expect(new Set(hexDeliveries.flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, hexDeliveries))).toBe(false);
  });

  it('of Standard Webhooks', () => {
    const verify = verifying(standardWebhooksSignature(secrets(STANDARD_SECRET), { clock }));
    const right = signStandardWebhook({ secret: STANDARD_SECRET, id: 'm', timestampSeconds: NOW, body: BODY });
    const headers = (signature: string) => ({
      'webhook-id': 'm',
      'webhook-timestamp': String(NOW),
      'webhook-signature': signature,
    });
    expect(verify(delivery(BODY, headers(right)))).toBe('valid');
    const kinds = wrongDeliveries(Buffer.from(right.slice(3), 'base64'), (digest) =>
      headers(`v1,${digest.toString('base64')}`),
    );
    expect(new Set(kinds.flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, kinds))).toBe(false);
  });

  it('of Twilio', () => {
    const verify = verifying(twilioSignature(secrets(SECRET), { clock, publicUrl: 'https://inbox.example.com' }));
    const right = signTwilio({ authToken: SECRET, url: `https://inbox.example.com${TARGET}`, body: BODY });
    expect(verify(delivery(BODY, { 'x-twilio-signature': right }, TARGET))).toBe('valid');
    const kinds = wrongDeliveries(Buffer.from(right, 'base64'), (digest) => ({
      'x-twilio-signature': digest.toString('base64'),
    }));
    expect(new Set(kinds.flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, kinds))).toBe(false);
  });

  it('of a read key', () => {
    const check = passes(readKeyCheck([KEY]));
    expect(check(KEY)).toBe(true);
    expect(dependsOnContent(() => timingDifference(check, wrongWords(KEY)))).toBe(false);
  });

  it('of several read keys, one of which is right', () => {
    const keys = Array.from({ length: 8 }, () => randomBytes(16).toString('hex'));
    const check = passes(readKeyCheck(keys));
    const kinds = [keys.slice(0, 1), keys.slice(-1)] as const;
    expect(kinds.flat().map(check)).toEqual([true, true]);
    expect(dependsOnContent(() => timingDifference(check, kinds))).toBe(false);
  });

  it('of the verify token', () => {
    expect(isSecret(KEY, KEY)).toBe(true);
    expect(dependsOnContent(() => timingDifference((word) => isSecret(word, KEY), wrongWords(KEY)))).toBe(false);
  });
});

describe('the measurement has the power to find', () => {
  it('a comparison of digests that ends at the first byte that differs', () => {
    const naive = ({ body, headers }: Delivery): boolean => {
      const digest = createHmac('sha256', SECRET).update(body).digest();
      const sent = Buffer.from(headers['x-signature'] ?? '', 'hex');
      for (let i = 0; i < digest.length; i++) if (digest[i] !== sent[i]) return false;
      return true;
    };
    expect(isFound(() => timingDifference(naive, hexDeliveries))).toBe(true);
  });

  it('a read key that is compared by ===, after as much work as the digest is', () => {
    const naive = (word: string): boolean => {
      createHash('sha256').update(word).digest();
      return word === KEY;
    };
    expect(isFound(() => timingDifference(naive, wrongWords(KEY)))).toBe(true);
  });

  it('a search among the keys that ends at the right one', () => {
    const keys = Array.from({ length: 8 }, () => randomBytes(16).toString('hex'));
    const naive = (word: string): boolean => keys.some((key) => isSecret(word, key));
    expect(isFound(() => timingDifference(naive, [keys.slice(0, 1), keys.slice(-1)], { samples: 500 }))).toBe(true);
  });
});

/** On a busy machine a difference can be missed, though not be made up: so it has three tries. */
function isFound(measure: () => number): boolean {
  return [1, 2, 3].some(() => dependsOnContent(measure));
}

function verifying(scheme: SignatureScheme): (delivery: Delivery) => string {
  return (sent) => {
    const verdict = scheme.verify(sent);
    return verdict.valid ? 'valid' : verdict.reason;
  };
}

function passes(check: (authorization: string) => void): (key: string) => boolean {
  return (key) => {
    try {
      check(`Bearer ${key}`);
      return true;
    } catch {
      return false;
    }
  };
}
