import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readKeyCheck } from '../../../../src/adapters/http/auth/read-check.ts';
import { requireSignature } from '../../../../src/adapters/http/auth/signature-check.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { IngestMessage } from '../../../../src/application/ingest/ingest-message.ts';
import { VerifiedDelivery, type SignatureVerdict } from '../../../../src/domain/delivery.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { manualClock, recordingMetrics, recordingVerifier } from '../../../support/fakes.ts';

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 16,
  maxLength: 40,
});
const refusal = expect.objectContaining({
  kind: 'unauthorized',
  headers: { 'WWW-Authenticate': 'Bearer realm="webhook-inbox"' },
}) as unknown;

const passes = (check: (authorization: string | undefined) => void, authorization: string | undefined): unknown => {
  try {
    check(authorization);
    return true;
  } catch (error) {
    return error;
  }
};

describe('readKeyCheck', () => {
  it('accepts each of the keys and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(visible, { minLength: 1, maxLength: 4 }), visible, (keys, other) => {
        const check = readKeyCheck(keys);
        for (const key of keys) {
          expect(passes(check, `Bearer ${key}`)).toBe(true);
          expect(passes(check, `bEARER  ${key}`)).toBe(true);
          expect(passes(check, key)).toEqual(refusal);
          expect(passes(check, `Basic ${key}`)).toEqual(refusal);
          expect(passes(check, `Bearer ${key}x`)).toEqual(refusal);
          expect(passes(check, `Bearer ${key} x`)).toEqual(refusal);
        }
        if (!keys.includes(other)) expect(passes(check, `Bearer ${other}`)).toEqual(refusal);
      }),
    );
  });

  it('rejects requests without a token', () => {
    const check = readKeyCheck(['a-key-of-sixteen']);
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', ' ']) {
      expect(passes(check, authorization)).toEqual(refusal);
    }
  });

  it('accepts all requests if there are no keys', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), (authorization) => {
        expect(passes(readKeyCheck([]), authorization)).toBe(true);
      }),
    );
  });
});

describe('requireSignature', () => {
  const body = Buffer.from('{}');

  function attempt(verdict: SignatureVerdict, headers: Record<string, string | string[]> = {}) {
    const verifier = recordingVerifier(verdict);
    const [writer, metrics] = [inMemoryMessageRepository(), recordingMetrics()];
    const ingest = new IngestMessage({
      verifiers: new Map([[WEBHOOK, verifier]]),
      writer,
      metrics,
      clock: manualClock(timestampFromMicros(0n)),
      tracer: NO_TRACING,
    });
    const reasons: string[] = [];
    const check = (): VerifiedDelivery =>
      requireSignature(
        ingest,
        WEBHOOK,
        { headers, url: '/webhook?a=%62' } as unknown as IncomingMessage,
        body,
        ({ reason }) => void reasons.push(reason),
      );
    return { check, reasons, verifier };
  }

  it('returns the proof for a valid signature, judged by the raw bytes and single headers', () => {
    const headers = { 'x-signature': 'a', 'set-cookie': ['b', 'c'] };
    const { check, reasons, verifier } = attempt({ valid: true, secret: 'current' }, headers);
    expect(check()).toBeInstanceOf(VerifiedDelivery);
    expect(verifier.deliveries).toEqual([
      { body, headers: { 'x-signature': 'a', 'set-cookie': 'b,c' }, target: '/webhook?a=%62' },
    ]);
    expect(verifier.deliveries[0]?.body).toBe(body);
    expect(reasons).toEqual([]);
  });

  it.each(['missing_header', 'malformed_signature', 'wrong_digest'] as const)(
    'tells the log of %s, and the sender only that it was refused',
    (reason) => {
      const { check, reasons } = attempt({ valid: false, reason });
      expect(check).toThrow(expect.objectContaining({ kind: 'invalid-signature', detail: 'invalid signature' }));
      expect(reasons).toEqual([reason]);
    },
  );

  it('rejects as unavailable without a secret', () => {
    const { check, reasons } = attempt({ valid: false, reason: 'no_secret_configured' });
    expect(check).toThrow(expect.objectContaining({ status: 503, headers: { 'Retry-After': '60' } }));
    expect(reasons).toEqual(['no_secret_configured']);
  });
});
