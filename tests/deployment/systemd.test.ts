import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectionLimits } from '../../src/adapters/http/node/connection-limits.ts';
import { EXIT_CONFIG } from '../../src/adapters/cli/run-command.ts';
import { readConfig } from '../../src/infrastructure/config/config.ts';
import { execForm, parseDockerfile } from '../support/dockerfile.ts';
import { environmentOf, parseUnit, systemdFile, valueOf } from '../support/systemd-unit.ts';
import { describeNeeding } from '../support/requirements.ts';

const INSTALLED = '/opt/webhook-inbox';
const SERVICE = systemdFile('webhook-inbox.service');
const SOCKET = systemdFile('webhook-inbox.socket');

/** The properties that make the unit consistent and safe, each with a change that would break it. */
const rules: Record<
  string,
  { holds: (service: string, socket: string) => boolean; broken: [from: string, to: string] }
> = {
  'it starts what the image starts': {
    holds: (service) => {
      const [, args = ''] = /^\S+\/bin\/node (.*)$/.exec(valueOf(parseUnit(service), 'Service', 'ExecStart')) ?? [];
      const image = parseDockerfile(readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8'))
        .at(-1)
        ?.instructions.findLast(({ name }) => name === 'CMD');
      const started = args.replace(`${INSTALLED}/current/`, '');
      return (
        started ===
        execForm(image?.args ?? '')
          ?.slice(1)
          .join(' ')
      );
    },
    broken: ['dist/infrastructure/main.js', 'dist/infrastructure/cli.js serve'],
  },
  'it is stopped by the signal the service handles, and given more time than it takes': {
    holds: (service) => {
      const { shutdownDelayMs, shutdownTimeoutMs } = readConfig({});
      const seconds = Number(valueOf(parseUnit(service), 'Service', 'TimeoutStopSec'));
      const signal = valueOf(parseUnit(service), 'Service', 'KillSignal');
      return signal === 'SIGTERM' && seconds * 1_000 >= shutdownDelayMs + shutdownTimeoutMs + 10_000;
    },
    broken: ['TimeoutStopSec=30', 'TimeoutStopSec=15'],
  },
  'it comes back after a fault, and not after a configuration that is not valid': {
    holds: (service) =>
      valueOf(parseUnit(service), 'Service', 'Restart') === 'on-failure' &&
      valueOf(parseUnit(service), 'Service', 'RestartPreventExitStatus') === String(EXIT_CONFIG),
    broken: ['RestartPreventExitStatus=78', 'RestartPreventExitStatus=1'],
  },
  'it may open as many files as there may be connections, and some': {
    holds: (service) =>
      Number(valueOf(parseUnit(service), 'Service', 'LimitNOFILE')) >= connectionLimits(0).maxConnections + 1_000,
    broken: ['LimitNOFILE=16384', 'LimitNOFILE=8192'],
  },
  'it gets its connections from the socket, at the address that is the default': {
    holds: (service, socket) => {
      const { host, port } = readConfig({});
      return (
        valueOf(parseUnit(service), 'Unit', 'Requires') === 'webhook-inbox.socket' &&
        valueOf(parseUnit(socket), 'Socket', 'ListenStream') === `${host}:${String(port)}`
      );
    },
    broken: ['Requires=webhook-inbox.socket', 'Requires=network.target'],
  },
  'it may write to its state and nowhere else, and works there': {
    holds: (service) => {
      const unit = parseUnit(service);
      const state = `/var/lib/${valueOf(unit, 'Service', 'StateDirectory')}`;
      return (
        valueOf(unit, 'Service', 'ProtectSystem') === 'strict' &&
        unit['Service']?.['ReadWritePaths'] === undefined &&
        valueOf(unit, 'Service', 'WorkingDirectory') === state &&
        environmentOf(unit)['SQLITE_TMPDIR'] === state
      );
    },
    broken: ['StateDirectory=webhook-inbox', 'StateDirectory=inbox'],
  },
  'it is no administrator': {
    holds: (service) => !['', 'root', '0'].includes(valueOf(parseUnit(service), 'Service', 'User')),
    broken: ['User=webhook-inbox', 'User=root'],
  },
  'V8 may compile': {
    holds: (service) => parseUnit(service)['Service']?.['MemoryDenyWriteExecute'] === undefined,
    broken: ['LockPersonality=yes', 'MemoryDenyWriteExecute=yes'],
  },
  'no secret is in it': {
    holds: (service) => !/(SECRET|KEY|TOKEN|PASSWORD|DATABASE_URL)\w*=/.test(service),
    broken: ['Environment=', 'Environment=WEBHOOK_SECRET=change-me '],
  },
};

describe('deploy/systemd', () => {
  it.each(Object.entries(rules))('%s', (_, { holds }) => {
    expect(holds(SERVICE, SOCKET)).toBe(true);
  });

  it.each(Object.entries(rules))('detects a change that breaks it: %s', (_, { holds, broken: [from, to] }) => {
    expect(SERVICE).toContain(from);
    expect(holds(SERVICE.replace(from, to), SOCKET)).toBe(false);
  });
});

it('runs its commands in the environment that the unit sets', () => {
  const [, exported = ''] = /^export (.*)$/m.exec(systemdFile('webhook-inbox')) ?? [];
  expect(exported.split(' ')).toEqual(
    Object.entries(environmentOf(parseUnit(SERVICE))).map(([name, value]) => `${name}=${value}`),
  );
});

describeNeeding(['systemd-analyze'], 'systemd', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'systemd-'));
    mkdirSync(path.join(folder, 'current/bin'), { recursive: true });
    writeFileSync(path.join(folder, 'current/bin/node'), '', { mode: 0o755 });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** With a program at the path that the unit expects. */
  function analyze(service: string, ...args: string[]): { status: number | null; output: string } {
    const files = Object.entries({ service, socket: SOCKET }).map(([kind, text]) => {
      const file = path.join(folder, `webhook-inbox.${kind}`);
      writeFileSync(file, text.replaceAll(INSTALLED, folder));
      return file;
    });
    const named = args[0] === 'verify' ? files : files.slice(0, 1);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, ...named], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  it('accepts every line of the units', () => {
    expect(analyze(SERVICE, 'verify')).toEqual({ status: 0, output: '' });
    expect(analyze(SERVICE.replace('ProtectHome', 'ProtectHoem'), 'verify').output).toContain('ProtectHoem');
  });

  it('finds that an attacker could do little with the service', () => {
    const exposure = ['security', '--offline=yes', '--threshold=15'];
    expect(analyze(SERVICE, ...exposure).status).toBe(0);
    expect(analyze(SERVICE.replace(/^SystemCallFilter=.*$/gm, ''), ...exposure).status).toBe(1);
  });
});
