import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signWebhook, verifyWebhook } from '../../../clients/typescript/src/index.ts';
import { delivery, second } from '../../adapters/signature/support.ts';
import { manualClock } from '../../support/fakes.ts';
import { hmacSignature, signHmac } from '../../../src/adapters/signature/hmac.ts';

/** The client and the service have separate implementations, which must agree on every request. */

const SECRET = 'your-secret-here';
const clock = manualClock(second(0));
const body = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array());
const secret = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());

function serviceBelieves(bytes: Uint8Array, header: string, [current, previous]: readonly string[]): boolean {
  const verifier = hmacSignature({ current, previous }, { clock });
  return verifier.verify(delivery(bytes, { 'x-signature': header })).valid;
}

describe('signWebhook', () => {
  it("makes the service's signature for any body and secret", async () => {
    await fc.assert(
      fc.asyncProperty(body, secret, async (bytes, key) => {
        expect(await signWebhook(bytes, key)).toBe(signHmac(key, bytes));
      }),
    );
  });

  it('makes the signature that OpenSSL makes', async () => {
    // echo -n '{"message_id":"m1"}' | openssl dgst -sha256 -hmac your-secret-here
    const digest = '81d121b0fe97f067a8751d37fa4d5099ff0894e86fff80828a4827f8d0ce4deb';
    expect(await signWebhook('{"message_id":"m1"}', SECRET)).toBe(digest);
  });

  it('rejects an empty secret', async () => {
    await expect(signWebhook('', '')).rejects.toThrow('the secret of a webhook must not be empty');
  });
});

describe('verifyWebhook', () => {
  const right = (text: string, key = SECRET) => signHmac(key, text);
  const part = fc.oneof(
    fc.constantFrom(right('body'), right('body', 'previous-secret'), right('body', 'a stranger'), right('other')),
    fc.stringMatching(/^[0-9a-fA-Fg,= ]*$/),
  );
  const dressed = fc
    .tuple(part, fc.constantFrom('', 'sha256=', 'SHA256=', 'sha1='), fc.boolean(), fc.constantFrom('', ' ', '\t'))
    .map(([text, prefix, upper, space]) => space + prefix + (upper ? text.toUpperCase() : text) + space);

  it('accepts what the service accepts', async () => {
    const headers = fc.array(dressed, { maxLength: 11 }).map((parts) => parts.join(','));
    let believed = 0;
    await fc.assert(
      fc.asyncProperty(headers, fc.boolean(), async (header, rotating) => {
        const secrets = rotating ? [SECRET, 'previous-secret'] : [SECRET];
        const expected = serviceBelieves(Buffer.from('body'), header, secrets);
        believed += Number(expected);
        expect(await verifyWebhook('body', header, secrets)).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
    expect(believed).toBeGreaterThan(100);
  });

  it('encodes text as UTF-8, and accepts one secret instead of a list', async () => {
    await expect(verifyWebhook(Buffer.from('Grüße'), right('Grüße'), SECRET)).resolves.toBe(true);
    await expect(verifyWebhook('Grüße', right('Grusse'), SECRET)).resolves.toBe(false);
  });

  it('rejects a webhook without a signature', async () => {
    for (const header of [null, undefined, '', ',']) {
      await expect(verifyWebhook('body', header, SECRET)).resolves.toBe(false);
    }
  });

  it('throws without a secret', async () => {
    await expect(verifyWebhook('body', right('body'), [])).rejects.toThrow('there is no secret');
    await expect(verifyWebhook('body', right('body'), [SECRET, ''])).rejects.toThrow('must not be empty');
  });
});
