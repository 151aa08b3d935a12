import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../../src/infrastructure/config/config.ts';
import { servedProviders, warnAtStart } from '../../../src/infrastructure/process/start-warnings.ts';
import { recordingLogger } from '../../support/fakes.ts';

const KEYS = { READ_API_KEYS: '0123456789abcdef' };

function warnings(environment: Record<string, string>, address = '127.0.0.1'): string[] {
  const logger = recordingLogger();
  warnAtStart(readConfig(environment), address, logger);
  expect(logger.lines.every(({ level }) => level === 'warn')).toBe(true);
  return logger.lines.map(({ message }) => message);
}

describe('the warnings at start', () => {
  it('name every secret if there is none', () => {
    expect(warnings({})).toEqual([
      'no webhook secret: every webhook gets 503 until one of WEBHOOK_SECRET, WHATSAPP_APP_SECRET, STANDARD_WEBHOOK_SECRET, TWILIO_AUTH_TOKEN is set',
    ]);
  });

  it('name exactly the providers that are served, and those that are not, without a secret for /webhook', () => {
    const environment = { WHATSAPP_APP_SECRET: 'x', TWILIO_AUTH_TOKEN: 'x' };
    expect(warnings(environment)).toEqual([
      'webhooks at /webhook, /webhooks/standard get 503 until their secrets are set (WEBHOOK_SECRET, STANDARD_WEBHOOK_SECRET); served: whatsapp, twilio',
    ]);
    expect(servedProviders(readConfig(environment))).toEqual(['whatsapp', 'twilio']);
  });

  it.each([{ TWILIO_SHARED_KEYS: 'WK1:x' }, { TWILIO_OTHER_AUTH_TOKENS: 'x' }])(
    'name Twilio as served with %j alone',
    (keys) => {
      expect(servedProviders(readConfig(keys))).toEqual(['twilio']);
    },
  );

  it('are none with a secret for /webhook and an address that only this machine reaches', () => {
    expect(warnings({ WEBHOOK_SECRET: 'x' })).toEqual([]);
  });

  it('tell that strangers can read, unless there are keys', () => {
    expect(warnings({ WEBHOOK_SECRET: 'x' }, '0.0.0.0')).toEqual([expect.stringContaining('READ_API_KEYS')]);
    expect(warnings({ WEBHOOK_SECRET: 'x', ...KEYS }, '0.0.0.0')).toEqual([]);
  });
});
