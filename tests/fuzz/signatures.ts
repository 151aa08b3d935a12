import fc from 'fast-check';
import { descriptorOf, PROVIDER_NAMES } from '../../src/adapters/providers/registry.ts';
import { secretOf, type SecretPair } from '../support/provider-secrets.ts';

/** Signatures for every security scheme of the contract: right ones, by both secrets, and every kind of wrong one. */

type Headers = Readonly<Record<string, string>>;

export interface Signing {
  /** The address as the sender calls it. */
  readonly url: string;
  readonly body: Buffer;
}

interface Scheme {
  readonly secrets: SecretPair;
  readonly headers: (secret: string, signing: Signing, secondsFromNow?: number) => Headers;
}

let deliveries = 0;

const SCHEMES: Readonly<Record<string, Scheme>> = Object.fromEntries(
  PROVIDER_NAMES.map((name): [string, Scheme] => {
    const { securityScheme, sign } = descriptorOf(name);
    const headers: Scheme['headers'] = (secret, { url, body }, secondsFromNow = 0) =>
      sign(secret, {
        url,
        body,
        id: `msg_${String(++deliveries)}`,
        timestampSeconds: Math.floor(Date.now() / 1_000) + secondsFromNow,
      });
    return [securityScheme, { secrets: secretOf(name), headers }];
  }),
);

/** The environment of a service that all of them are set up at. */
export const SECRETS: Headers = Object.fromEntries(
  PROVIDER_NAMES.flatMap((name) => {
    const { name: variable } = descriptorOf(name).secret;
    const { current, previous } = secretOf(name);
    return [
      [variable, current],
      [`${variable}_PREVIOUS`, previous],
    ];
  }),
);

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
  .map((by) => (signing: Signing) => {
    const { secrets, headers } = schemeOf('standardSignature');
    return headers(secrets.current, signing, by);
  });

function schemeOf(name: string): Scheme {
  const scheme = SCHEMES[name];
  if (scheme === undefined) throw new Error(`signatures.ts does not know how to sign for ${name}`);
  return scheme;
}
