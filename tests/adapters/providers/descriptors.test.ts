import { describe, expect, it } from '@jest/globals';
import { examine } from '../../../src/adapters/providers/examine.ts';
import { descriptorOf, PROVIDER_NAMES, type ProviderName } from '../../../src/adapters/providers/registry.ts';
import { timestamp } from '../../../src/domain/timestamp.ts';
import { manualClock } from '../../support/fakes.ts';
import { secretOf } from '../../support/provider-secrets.ts';

const NOW = timestamp('2026-01-01T00:00:00Z');
const MESSAGE = { id: 'id-1', from: '+919876543210', to: '+14155550100', text: 'Hello', sentAt: NOW };
const PUBLIC_URL = 'https://inbox.example.com';

function signed(name: ProviderName, secret: string) {
  const { path, sign, sample } = descriptorOf(name);
  const body = Buffer.from(sample(MESSAGE));
  const timestampSeconds = Number(NOW / 1_000_000n);
  const headers = sign(secret, { body, url: `${PUBLIC_URL}${path}`, id: 'msg_1', timestampSeconds });
  const lowerCase = Object.entries(headers).map(([header, value]) => [header.toLowerCase(), value] as const);
  return { headers, delivery: { body, headers: Object.fromEntries(lowerCase), target: path } };
}

describe.each(PROVIDER_NAMES)('the descriptor of %s', (name) => {
  const descriptor = descriptorOf(name);
  const { current, previous } = secretOf(name);
  const defaults = Object.entries(descriptor.settings).map(
    ([key, setting]) => [key, setting.kind === 'integer' ? setting.fallback : undefined] as const,
  );
  const schemeWith = (secret: string | undefined) =>
    descriptor.scheme(
      { secrets: { current: secret, previous: undefined }, options: Object.fromEntries(defaults) },
      { clock: manualClock(NOW), publicUrl: PUBLIC_URL },
    );

  it('verifies what it signs, with the same secret only', () => {
    const { delivery } = signed(name, current);
    expect(examine(schemeWith(current), delivery)).toMatchObject({ verdict: { valid: true }, mistake: null });
    expect(schemeWith(previous).verify(delivery)).toEqual({ valid: false, reason: 'wrong_digest' });
    expect(schemeWith(undefined).verify(delivery)).toEqual({ valid: false, reason: 'no_secret_configured' });
  });

  it('signs in the headers that it names', () => {
    expect(Object.keys(signed(name, current).headers)).toEqual(descriptor.signature.headers);
    expect(schemeWith(current).verify({ ...signed(name, current).delivery, headers: {} })).toEqual({
      valid: false,
      reason: 'missing_header',
    });
  });

  it('reads the message in its sample', () => {
    const text = descriptor.sample(MESSAGE);
    const [mediaType] = descriptor.mediaTypes;
    const body = (
      mediaType === 'application/json' ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))
    ) as object;
    const payload = { mediaType, body: Buffer.from(text) };
    const delivery = { provider: descriptor.name as never, payload, receivedAt: NOW };
    const updates = 'message' in descriptor ? [descriptor.message(body, delivery)] : descriptor.updates(body, delivery);
    const { id, sentAt, ...told } = MESSAGE;
    expect(updates).toEqual([expect.objectContaining({ ...told, provider: name, messageId: id, sentAt, payload })]);
  });
});
