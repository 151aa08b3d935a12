import { describe, expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import { CheckReadiness } from '../../../src/application/readiness/check-readiness.ts';
import type { StoreHealth } from '../../../src/application/ports/store.ts';
import { provider, WEBHOOK } from '../../../src/domain/provider.ts';
import { noBackground, recordingVerifier } from '../../support/fakes.ts';

const withSecret = recordingVerifier({ valid: false, reason: 'wrong_digest' });
const withoutSecret = recordingVerifier({ valid: false, reason: 'no_secret_configured' });
const configured = new Map([
  [WEBHOOK, withSecret],
  [provider('off'), withoutSecret],
  [provider('also-on'), withSecret],
]);
const unconfigured = new Map([[WEBHOOK, withoutSecret]]);
const healthy: StoreHealth = { database: 'ok', schema: 'ok' };

const storeThatIs = (health: () => StoreHealth) => ({
  ...inMemoryMessageRepository(),
  health: () => Promise.resolve(health()),
});

const allOk = {
  status: 'ready',
  database: 'ok',
  schema: 'ok',
  webhookSecret: 'ok',
  providers: ['also-on', 'webhook'],
  failingSteps: [],
};

describe('execute', () => {
  it('is ready if the database, the schema and a secret are ok', async () => {
    const checkReadiness = new CheckReadiness({
      background: noBackground,
      store: inMemoryMessageRepository(),
      verifiers: configured,
    });
    expect(await checkReadiness.execute()).toEqual(allOk);
  });

  it.each<[string, StoreHealth, typeof configured, object]>([
    ['the database is unreachable', { database: 'unreachable', schema: 'ok' }, configured, { database: 'unreachable' }],
    ['migrations are pending', { database: 'ok', schema: 'outdated' }, configured, { schema: 'outdated' }],
    ['the schema is unknown', { database: 'ok', schema: 'unknown' }, configured, { schema: 'unknown' }],
    ['there is no secret', healthy, unconfigured, { webhookSecret: 'missing', providers: [] }],
  ])('is not ready if %s, and names only that check', async (_what, health, verifiers, failing) => {
    const checkReadiness = new CheckReadiness({
      background: noBackground,
      store: storeThatIs(() => health),
      verifiers,
    });
    expect(await checkReadiness.execute()).toEqual({ ...allOk, status: 'not_ready', ...failing });
  });

  it('names all failing checks', async () => {
    const store = storeThatIs(() => ({ database: 'unreachable', schema: 'unknown' }));
    expect(await new CheckReadiness({ background: noBackground, store, verifiers: unconfigured }).execute()).toEqual({
      status: 'not_ready',
      database: 'unreachable',
      schema: 'unknown',
      webhookSecret: 'missing',
      providers: [],
      failingSteps: [],
    });
  });

  it('asks the store every time, so that its recovery is noticed', async () => {
    let health: StoreHealth = { database: 'unreachable', schema: 'unknown' };
    const checkReadiness = new CheckReadiness({
      background: noBackground,
      store: storeThatIs(() => health),
      verifiers: configured,
    });
    expect((await checkReadiness.execute()).status).toBe('not_ready');
    health = healthy;
    expect((await checkReadiness.execute()).status).toBe('ready');
  });
});

describe('stop', () => {
  it('makes the status stopping permanently, and still reports the checks', async () => {
    const checkReadiness = new CheckReadiness({
      background: noBackground,
      store: inMemoryMessageRepository(),
      verifiers: configured,
    });
    checkReadiness.stop();
    expect(await checkReadiness.execute()).toEqual({ ...allOk, status: 'stopping' });
    checkReadiness.stop();
    expect(await checkReadiness.execute()).toEqual({ ...allOk, status: 'stopping' });
  });

  it('takes precedence over a failing check', async () => {
    const checkReadiness = new CheckReadiness({
      background: noBackground,
      store: inMemoryMessageRepository(),
      verifiers: unconfigured,
    });
    checkReadiness.stop();
    expect(await checkReadiness.execute()).toEqual({
      ...allOk,
      status: 'stopping',
      webhookSecret: 'missing',
      providers: [],
      failingSteps: [],
    });
  });

  it('affects no other instance', async () => {
    const ports = { background: noBackground, store: inMemoryMessageRepository(), verifiers: configured };
    new CheckReadiness(ports).stop();
    expect(await new CheckReadiness(ports).execute()).toEqual(allOk);
  });
});
