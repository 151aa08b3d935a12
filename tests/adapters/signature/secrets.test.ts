import { describe, expect, it } from '@jest/globals';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac.ts';
import { rotatingKeys, type ProviderSecrets } from '../../../src/adapters/signature/secrets.ts';
import {
  signStandardWebhook,
  standardWebhooksSignature,
} from '../../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio, twilioSignature } from '../../../src/adapters/signature/twilio/twilio.ts';
import type { Clock } from '../../../src/application/ports/time.ts';
import type { SignatureVerifier } from '../../../src/application/ports/verification.ts';
import { manualClock } from '../../support/fakes.ts';
import { byCurrent, byPrevious, delivery, refused, second } from './support.ts';

const EXPIRY = 1_700_000_000;
const clock = manualClock(second(EXPIRY));
const upperCase = (secret: string) => (secret === 'bad' ? null : secret.toUpperCase());
const keysOf = (secrets: ProviderSecrets) => rotatingKeys(secrets, upperCase, clock);

const current = { generation: 'current', key: 'NEW' };
const previous = { generation: 'previous', key: 'OLD' };

describe('the secrets to try', () => {
  it('are the current one, then the previous one', () => {
    expect(keysOf({ current: 'new', previous: undefined }).usable()).toEqual([current]);
    expect(keysOf({ current: 'new', previous: 'old' }).usable()).toEqual([current, previous]);
  });

  it.each([undefined, '', 'bad'])('are empty without a current one: %p', (missing) => {
    const keys = keysOf({ current: missing, previous: 'old', previousExpiresAt: second(EXPIRY) });
    expect([keys.configured, keys.usable(), keys.expired()]).toEqual([false, [], null]);
  });

  it('omit a previous one that is empty or malformed', () => {
    expect(keysOf({ current: 'new', previous: '' }).usable()).toEqual([current]);
    expect(keysOf({ current: 'new', previous: 'bad' }).usable()).toEqual([current]);
  });

  it('omit the previous one from its expiry on, to the microsecond', () => {
    const keys = keysOf({ current: 'new', previous: 'old', previousExpiresAt: second(EXPIRY) });
    clock.set(second(EXPIRY - 0.000001));
    expect([keys.usable(), keys.expired()]).toEqual([[current, previous], null]);
    clock.set(second(EXPIRY));
    expect([keys.usable(), keys.expired()]).toEqual([[current], 'OLD']);
    expect(keys.configured).toBe(true);
  });

  it('are prepared once, and the clock is read only if one expires', () => {
    const prepared: string[] = [];
    const noClock: Clock = {
      now: () => {
        throw new Error('asked for the time');
      },
    };
    const remember = (secret: string) => prepared.push(secret);
    const keys = rotatingKeys({ current: 'new', previous: 'old' }, remember, noClock);
    expect(keys.usable()).toBe(keys.usable());
    expect(prepared).toEqual(['new', 'old']);
  });
});

describe('every scheme', () => {
  const WHSEC_NEW = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  const WHSEC_OLD = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;
  const URL = 'http://inbox.example/webhooks/any?a=1';
  const standard = { id: 'msg_1', timestampSeconds: EXPIRY, body: 'A=1' };
  const standardHeaders = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(EXPIRY) };

  const schemes: [
    string,
    string,
    string,
    (secrets: ProviderSecrets) => SignatureVerifier,
    (secret: string) => object,
  ][] = [
    [
      'X-Signature',
      'new',
      'old',
      (secrets) => hmacSignature(secrets, { clock }),
      (secret) => ({ 'x-signature': signHmac(secret, 'A=1') }),
    ],
    [
      'Standard Webhooks',
      WHSEC_NEW,
      WHSEC_OLD,
      (secrets) => standardWebhooksSignature(secrets, { clock }),
      (secret) => ({ ...standardHeaders, 'webhook-signature': signStandardWebhook({ ...standard, secret }) }),
    ],
    [
      'Twilio',
      'new',
      'old',
      (secrets) => twilioSignature(secrets, { clock, publicUrl: 'http://inbox.example' }),
      (authToken) => ({ 'x-twilio-signature': signTwilio({ authToken, url: URL, body: 'A=1' }) }),
    ],
  ];

  it.each(schemes)('obeys this rule: %s', (_name, fresh, old, make, headersSignedBy) => {
    const verifier = make({ current: fresh, previous: old, previousExpiresAt: second(EXPIRY + 1) });
    const by = (secret: string) => {
      const verdict = verifier.verify(delivery('A=1', { ...headersSignedBy(secret) }));
      return verdict.valid ? { valid: true, secret: verdict.secret } : verdict;
    };

    clock.set(second(EXPIRY));
    expect([verifier.configured, by(fresh), by(old)]).toEqual([true, byCurrent, byPrevious]);
    clock.set(second(EXPIRY + 1));
    expect([by(fresh), by(old)]).toEqual([byCurrent, refused('wrong_digest')]);

    const emptied = make({ current: '', previous: old });
    expect(emptied.configured).toBe(false);
    expect(emptied.verify(delivery('A=1', { ...headersSignedBy(old) }))).toEqual(refused('no_secret_configured'));
    expect(emptied.verify(delivery('', {}))).toEqual(refused('no_secret_configured'));
  });
});
