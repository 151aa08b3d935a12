import fc from 'fast-check';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio } from '../../src/adapters/signature/twilio/twilio.ts';
import { sign } from '../support/http-client.ts';

/** Signatures for every security scheme of the contract: right ones, by both secrets, and every kind of wrong one. */

type Headers = Readonly<Record<string, string>>;

export interface Signing {
  /** The address as the sender calls it. */
  readonly url: string;
  readonly body: Buffer;
}

interface Scheme {
  readonly secrets: { readonly current: string; readonly previous: string };
  readonly headers: (secret: string, signing: Signing) => Headers;
}

const standard: Scheme = {
  secrets: { current: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', previous: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' },
  headers: (secret, { body }) => standardHeaders(secret, body, Math.floor(Date.now() / 1_000)),
};

export const SCHEMES: Readonly<Record<string, Scheme>> = {
  webhookSignature: {
    secrets: { current: 'fuzz-secret-of-the-webhook', previous: 'fuzz-secret-before' },
    headers: (secret, { body }) => ({ 'X-Signature': sign(secret, body) }),
  },
  whatsappSignature: {
    secrets: { current: 'fuzz-secret-of-the-app', previous: 'fuzz-secret-of-the-app-before' },
    headers: (secret, { body }) => ({ 'X-Hub-Signature-256': `sha256=${sign(secret, body)}` }),
  },
  standardSignature: standard,
  twilioSignature: {
    secrets: { current: 'fuzz-token-of-the-account', previous: 'fuzz-token-before' },
    headers: (secret, { url, body }) => ({ 'X-Twilio-Signature': signTwilio({ authToken: secret, url, body }) }),
  },
};

/** The environment of a service that all of them are set up at. */
export const SECRETS: Headers = Object.fromEntries(
  Object.entries({
    WEBHOOK_SECRET: 'webhookSignature',
    WHATSAPP_APP_SECRET: 'whatsappSignature',
    STANDARD_WEBHOOK_SECRET: 'standardSignature',
    TWILIO_AUTH_TOKEN: 'twilioSignature',
  }).flatMap(([variable, scheme]) => [
    [variable, SCHEMES[scheme]?.secrets.current],
    [`${variable}_PREVIOUS`, SCHEMES[scheme]?.secrets.previous],
  ]),
) as Headers;

/** By the current secret or the one before. */
export function rightHeaders(name: string): fc.Arbitrary<(signing: Signing) => Headers> {
  const { secrets, headers } = schemeOf(name);
  return fc.constantFrom(secrets.current, secrets.previous).map((secret) => (signing) => headers(secret, signing));
}

/** Missing, of other bytes, of another secret, no signature at all, or of another time. */
export function wrongHeaders(name: string): fc.Arbitrary<(signing: Signing) => Headers> {
  const { secrets, headers } = schemeOf(name);
  const other = name === 'standardSignature' ? 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' : 'another secret';
  const replaced = (value: string) => (signing: Signing) =>
    Object.fromEntries(Object.keys(headers(secrets.current, signing)).map((header) => [header, value]));
  return fc.oneof(
    fc.constant(() => ({})),
    fc.constant((signing: Signing) => headers(other, signing)),
    fc.constant(({ url, body }: Signing) =>
      headers(secrets.current, { url: `${url}&`, body: Buffer.concat([body, Buffer.from('&x=1')]) }),
    ),
    fc.stringMatching(/^[ -~]{0,200}$/).map(replaced),
    ...(name === 'standardSignature' ? [stale] : []),
  );
}

/** Of the future by more than is tolerated, also when it is sent a while after it was made. */
const stale = fc
  .oneof(fc.integer({ min: 400, max: 1e9 }), fc.integer({ min: -1e9, max: -302 }))
  .map(
    (by) => (signing: Signing) =>
      standardHeaders(standard.secrets.current, signing.body, Math.floor(Date.now() / 1_000) + by),
  );

let deliveries = 0;

function standardHeaders(secret: string, body: Buffer, timestampSeconds: number): Headers {
  const id = `msg_${String(++deliveries)}`;
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signStandardWebhook({ secret, id, timestampSeconds, body }),
  };
}

function schemeOf(name: string): Scheme {
  const scheme = SCHEMES[name];
  if (scheme === undefined) throw new Error(`signatures.ts does not know how to sign for ${name}`);
  return scheme;
}
