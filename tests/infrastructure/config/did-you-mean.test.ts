import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeVariables } from '../../../src/infrastructure/config/config.ts';
import { didYouMean } from '../../../src/infrastructure/config/did-you-mean.ts';
import { foreignName, misspelt } from '../../../src/infrastructure/config/foreign-names.ts';

const OURS = describeVariables().map(({ name }) => name);

describe('a name in .env that is no setting', () => {
  it.each([
    ['READ_API_KEY', 'READ_API_KEYS'],
    ['WEBHOOK_SECERT', 'WEBHOOK_SECRET'],
    ['webhook_secret', 'WEBHOOK_SECRET'],
    ['WEBHOOKSECRET', 'WEBHOOK_SECRET'],
    ['SECRET_WEBHOOK', 'WEBHOOK_SECRET'],
    ['WEBHOOK_SECRET_FILE', 'WEBHOOK_SECRET'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['PROT', 'PORT'],
    ['HOSTS', 'HOST'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['RETENTION_DAY', 'RETENTION_DAYS'],
    ['OTEL_EXPORTER_OTLP_ENDPIONT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['PGSSLMOD', 'PGSSLMODE'],
  ])('is an error if it is almost one: %s', (name, meant) => {
    expect(foreignName(name, OURS)).toEqual({ is: 'fault', text: expect.stringContaining(`did you mean ${meant}?`) });
    expect(misspelt(name, OURS)).toBe(meant);
  });

  it.each([
    ...[
      'COMPOSE_PROJECT_NAME',
      'BIND',
      'POSTGRES_PASSWORD',
      'PGPASSWORD',
      'PGHOST',
      'PGPORT',
      'PGSSLMODE',
      'PGSSLCERT',
    ],
    ...['TZ', 'SQLITE_TMPDIR', 'READ_API_KEY_FILE', 'NODE_ENV', 'HTTPS_PROXY', 'no_proxy', 'GF_SERVER_ROOT_URL'],
    ...OURS,
  ])('%s is left to the program that it belongs to', (name) => {
    if (!OURS.includes(name)) expect(foreignName(name, OURS)).toBeNull();
    expect(misspelt(name, OURS)).toBeNull();
  });

  it.each(['IMAGE_TAG', 'API_KEY', 'WHATSAPP_TOKEN', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'NODE_OPTIONS'])(
    'is reported otherwise: %s',
    (name) => {
      expect(foreignName(name, OURS)).toEqual({ is: 'remark', text: expect.stringContaining(`sets ${name}`) });
      expect(misspelt(name, OURS)).toBeNull();
    },
  );

  it('is found with one letter too many, too few, another one or two swapped, in any setting', () => {
    const name = fc.constantFrom(...OURS);
    const letter = fc.constantFrom('A', 'B', 'X', 'Y', '_', '0', '9');
    fc.assert(
      fc.property(name, fc.nat(), letter, fc.nat(3), (right, place, other, mistake) => {
        const at = place % right.length;
        const tail = right.slice(at + 1);
        const wrong =
          right.slice(0, at) +
          ([tail, other + tail, other + right.slice(at), (tail[0] ?? '') + (right[at] ?? '') + tail.slice(1)][
            mistake
          ] ?? '');
        if (!OURS.includes(wrong)) expect(didYouMean(wrong, OURS)).not.toBeNull();
      }),
    );
  });
});
