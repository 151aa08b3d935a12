import { describe, expect, it } from '@jest/globals';
import { VerifiedDelivery, type Delivery, type SignatureVerdict } from '../../src/domain/delivery.ts';
import { WEBHOOK } from '../../src/domain/provider.ts';

const delivery: Delivery = { body: Uint8Array.of(0x7b, 0x7d), headers: { 'x-signature': 'any' }, target: '/webhook' };

describe('VerifiedDelivery', () => {
  it.each(['current', 'previous'] as const)(
    'proves a signature made with the %s secret, and names that secret',
    (secret) => {
      const proof = VerifiedDelivery.check(WEBHOOK, delivery, () => ({ valid: true, secret }));
      expect(proof).toBeInstanceOf(VerifiedDelivery);
      expect(proof).toHaveProperty('secret', secret);
      expect(proof).toHaveProperty('provider', WEBHOOK);
    },
  );

  it.each(['missing_header', 'malformed_signature', 'wrong_digest', 'no_secret_configured'] as const)(
    'is withheld for %s',
    (reason) => {
      expect(VerifiedDelivery.check(WEBHOOK, delivery, () => ({ valid: false, reason }))).toEqual({
        valid: false,
        reason,
      });
    },
  );

  it('depends on one verdict on the unchanged delivery', () => {
    const seen: Delivery[] = [];
    const verify = (arrived: Delivery): SignatureVerdict => {
      seen.push(arrived);
      return { valid: false, reason: 'wrong_digest' };
    };
    VerifiedDelivery.check(WEBHOOK, delivery, verify);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBe(delivery);
  });

  it('is not created if the verifier throws', () => {
    const broken = (): SignatureVerdict => {
      throw new TypeError('broken verifier');
    };
    expect(() => VerifiedDelivery.check(WEBHOOK, delivery, broken)).toThrow('broken verifier');
  });

  it('has no substitute: tsc rejects every other way to create one', () => {
    // @ts-expect-error the private field makes the class nominal, so an object literal with the same members is no proof
    const literal: VerifiedDelivery = { provider: WEBHOOK, secret: 'current', deliveryId: 'd' };
    // @ts-expect-error a refusal is no proof: the caller must check the result first
    const failure: VerifiedDelivery = { valid: false, reason: 'wrong_digest' } as ReturnType<
      typeof VerifiedDelivery.check
    >;
    // @ts-expect-error the constructor is private, so that only a check can call it
    const construct = (): unknown => new VerifiedDelivery(WEBHOOK, { valid: true, secret: 'current' });

    expect([literal, failure].some((standIn) => standIn instanceof VerifiedDelivery)).toBe(false);
    expect(construct).toBeInstanceOf(Function);
  });

  it('cannot be forged from its prototype', () => {
    const forged = Object.create(VerifiedDelivery.prototype) as VerifiedDelivery;
    expect(() => forged.secret).toThrow(TypeError);
  });
});
