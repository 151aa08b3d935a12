import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { readKeyCheck } from '../../../src/adapters/http/auth/read-check.ts';
import { isSecret } from '../../../src/adapters/http/auth/secret-compare.ts';
import type { SignatureScheme } from '../../../src/adapters/signature/scheme.ts';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac.ts';
import {
  signStandardWebhook,
  standardWebhooksSignature,
} from '../../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio, twilioSignature } from '../../../src/adapters/signature/twilio/twilio.ts';
import type { Delivery } from '../../../src/domain/delivery.ts';
import { manualClock } from '../../support/fakes.ts';
import { dependsOnContent, timingDifference } from '../../support/timing.ts';
import { delivery, second } from './support.ts';

/** The number of different inputs of each kind. */
const INPUTS = 64;
const SECRET = 'secret of the service';
const STANDARD_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const NOW = 1_764_000_000;
const secrets = (current: string) => ({ current, previous: undefined });
const clock = manualClock(second(NOW));
const BODY = Buffer.from('{"message_id":"m1"}');
const TARGET = '/webhooks/any';

/**
 * New inputs of two kinds that differ only in their content. They are made alternately, so that neither kind is contiguous in memory,
 * and from bytes, because a string that was concatenated is slower to read.
 */
function inputsOf<Input>(make: (kind: 0 | 1) => Buffer, toInput: (bytes: Buffer) => Input): [Input[], Input[]] {
  const kinds: [Input[], Input[]] = [[], []];
  for (let i = 0; i < INPUTS; i++) for (const kind of [0, 1] as const) kinds[kind].push(toInput(make(kind)));
  return kinds;
}

/** Wrong in the first byte, or in the last only. */
function wrong(right: Buffer, kind: 0 | 1, other: (byte: number) => number): Buffer {
  const bytes = Buffer.from(right);
  const at = kind === 0 ? 0 : right.length - 1;
  bytes[at] = other(right[at] ?? 0);
  return bytes;
}

function wrongDeliveries(
  right: Buffer,
  headers: (digest: Buffer) => Delivery['headers'],
  body = BODY,
): [Delivery[], Delivery[]] {
  return inputsOf(
    (kind) => wrong(right, kind, (byte) => byte ^ randomInt(1, 256)),
    (digest) => delivery(body, headers(digest), TARGET),
  );
}

/** Wrong hexadecimal words of the right length. */
function wrongWords(right: string): [string[], string[]] {
  return inputsOf((kind) => wrong(Buffer.from(right), kind, () => 0x67 + randomInt(16)), String);
}

/** Two words, many times. */
const copies = (words: readonly [string, string]): [string[], string[]] =>
  inputsOf((kind) => Buffer.from(words[kind]), String);

const HEX = signHmac(SECRET, BODY);
const hexDeliveries = (): [Delivery[], Delivery[]] =>
  wrongDeliveries(Buffer.from(HEX, 'hex'), (digest) => ({ 'x-signature': digest.toString('hex') }));
const KEY = randomBytes(512).toString('hex');

describe('the time of a check does not reveal how much of a value was right', () => {
  it('of the webhook and of WhatsApp, an HMAC in hexadecimal', () => {
    const verify = verifying(hmacSignature(secrets(SECRET), { clock }));
    expect(verify(delivery(BODY, { 'x-signature': HEX }))).toBe('valid');
    expect(new Set(hexDeliveries().flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, hexDeliveries()))).toBe(false);
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
    const kinds = () =>
      wrongDeliveries(Buffer.from(right.slice(3), 'base64'), (digest) => headers(`v1,${digest.toString('base64')}`));
    expect(new Set(kinds().flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, kinds()))).toBe(false);
  });

  it('of Twilio', () => {
    const verify = verifying(twilioSignature(secrets(SECRET), { clock, publicUrl: 'https://inbox.example.com' }));
    const form = Buffer.from('From=a');
    const right = signTwilio({ authToken: SECRET, url: `https://inbox.example.com${TARGET}`, body: form });
    expect(verify(delivery(form, { 'x-twilio-signature': right }, TARGET))).toBe('valid');
    const kinds = () =>
      wrongDeliveries(
        Buffer.from(right, 'base64'),
        (digest) => ({ 'x-twilio-signature': digest.toString('base64') }),
        form,
      );
    expect(new Set(kinds().flat().map(verify))).toEqual(new Set(['wrong_digest']));
    expect(dependsOnContent(() => timingDifference(verify, kinds()))).toBe(false);
  });

  it('of a read key', () => {
    const check = passes(readKeyCheck([KEY]));
    expect(check(KEY)).toBe(true);
    expect(dependsOnContent(() => timingDifference(check, wrongWords(KEY)))).toBe(false);
  });

  it('of several read keys, one of which is right', () => {
    const keys = Array.from({ length: 8 }, () => randomBytes(16).toString('hex'));
    const check = passes(readKeyCheck(keys));
    const firstAndLast = [keys[0] ?? '', keys.at(-1) ?? ''] as const;
    expect(firstAndLast.map(check)).toEqual([true, true]);
    expect(dependsOnContent(() => timingDifference(check, copies(firstAndLast)))).toBe(false);
  });

  it('of the verify token', () => {
    expect(isSecret(KEY, KEY)).toBe(true);
    expect(dependsOnContent(() => timingDifference((word) => isSecret(word, KEY), wrongWords(KEY)))).toBe(false);
  });
});

describe('the measurement has the power to find', () => {
  it('a comparison of digests that ends at the first differing byte', () => {
    const naive = ({ body, headers }: Delivery): boolean => {
      const digest = createHmac('sha256', SECRET).update(body).digest();
      const sent = Buffer.from(headers['x-signature'] ?? '', 'hex');
      for (let i = 0; i < digest.length; i++) if (digest[i] !== sent[i]) return false;
      return true;
    };
    expect(isFound(() => timingDifference(naive, hexDeliveries()))).toBe(true);
  });

  it('a read key that is compared by ===, after as much work as the digest costs', () => {
    const naive = (word: string): boolean => {
      createHash('sha256').update(word).digest();
      return word === KEY;
    };
    expect(isFound(() => timingDifference(naive, wrongWords(KEY)))).toBe(true);
  });

  it('a search among the keys that ends at the matching one', () => {
    const keys = Array.from({ length: 8 }, () => randomBytes(16).toString('hex'));
    const naive = (word: string): boolean => keys.some((key) => isSecret(word, key));
    const firstAndLast = [keys[0] ?? '', keys.at(-1) ?? ''] as const;
    expect(isFound(() => timingDifference(naive, copies(firstAndLast), { samples: 500 }))).toBe(true);
  });
});

/** A busy machine can hide a difference, but not create one, so the measurement has many tries. */
function isFound(measure: () => number): boolean {
  return Array.from({ length: 30 }).some(() => dependsOnContent(measure));
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
