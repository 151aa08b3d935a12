import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const MAKEFILE = fileURLToPath(new URL('../../Makefile', import.meta.url));

/** Records its arguments and creates the files that make checks afterwards. */
const NPM = `#!/bin/sh
echo "npm $*" >> calls
case "$*" in
  'ci '*) mkdir -p node_modules/.bin && cp service node_modules/.bin/node && touch node_modules/.package-lock.json ;;
  'run -s build') mkdir -p dist ;;
esac
`;

/**
 * Stands in for the Node that npm brings: serves, as far as make can see, until a signal stops it, and then succeeds. It ends after make has
 * taken its own signal, as the service does: make waits twice for a child that ends before ("No child processes").
 */
const SERVICE = `#!/bin/sh
echo "node $*" >> calls
[ -z "$SERVES" ] && exit 0
taken() { grep -q '^SigPnd:.*0000$' "/proc/$PPID/status" && grep -q '^ShdPnd:.*0000$' "/proc/$PPID/status"; }
trap 'sleep 0.3; until taken; do sleep 0.05; done; echo stopped >> calls; exit 0' INT TERM
echo serving
while :; do sleep 0.05; done
`;

const DOCKER = `#!/bin/sh
[ "$*" = 'compose version' ] && exit "\${NO_COMPOSE:-0}"
echo "WEBHOOK_SECRET=$WEBHOOK_SECRET docker $*" >> calls
`;

let project: string;

beforeEach(() => {
  project = mkdtempSync(path.join(tmpdir(), 'makefile-'));
  mkdirSync(path.join(project, 'src'));
  copyFileSync(MAKEFILE, path.join(project, 'Makefile'));
  for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'src/main.ts']) {
    writeFileSync(path.join(project, name), '');
    age(name);
  }
  age('src');
  for (const [name, text] of Object.entries({ npm: NPM, service: SERVICE, docker: DOCKER })) {
    writeFileSync(path.join(project, name), text, { mode: 0o755 });
  }
});

afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

/** As if it had been written a minute ago. */
function age(name: string): void {
  const then = Date.now() / 1000 - 60;
  utimesSync(path.join(project, name), then, then);
}

function touch(name: string): void {
  const soon = Date.now() / 1000 + 1;
  utimesSync(path.join(project, name), soon, soon);
}

function environment(extra: Record<string, string> = {}): Record<string, string> {
  // Nothing of a make or a secret that surrounds these tests.
  return { PATH: `${project}:${process.env['PATH'] ?? ''}`, ...extra };
}

function make(args: string[], extra?: Record<string, string>) {
  const result = spawnSync('make', args, { cwd: project, encoding: 'utf8', env: environment(extra) });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The commands that were called since the last call of this function. */
function calls(): string[] {
  const file = path.join(project, 'calls');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(file);
  return lines;
}

describe('make', () => {
  it.each([[[]], [['help']]])('%j lists every target', (args) => {
    const { status, stdout } = make(args);
    const targets = /^\.PHONY: (.*)$/m.exec(readFileSync(MAKEFILE, 'utf8'))?.[1]?.split(' ') ?? [];

    expect(status).toBe(0);
    expect([...stdout.matchAll(/^ {2}make (\w+) +\S/gm)].map(([, name]) => name)).toEqual(targets);
    expect(targets).toEqual(
      expect.arrayContaining(['run', 'test', 'up', 'down', 'logs', 'check', 'demo', 'clean', 'help']),
    );
  });

  it('prints what it would do, and does nothing, with -n', () => {
    const { stdout } = make(['-n', 'run']);

    expect(stdout).toMatch(
      /npm ci .*\n(.*\n)*npm run -s build\n(.*\n)*npm run -s setup\nnpm run -s migrate\n.*main\.js\n$/,
    );
    expect(make(['-n', 'test']).stdout).toMatch(/npm ci .*\n(.*\n)*npm test\n$/);
    expect(calls()).toEqual([]);
  });
});

const START = [
  'npm run -s setup',
  'npm run -s migrate',
  'node --enable-source-maps --max-semi-space-size=4 dist/infrastructure/main.js',
];
const INSTALL = 'npm ci --loglevel=error --no-audit --no-fund';
const BUILD = 'npm run -s build';

describe('make run', () => {
  it('installs, builds, makes a secret, migrates, and starts the service on the Node that npm brings', () => {
    expect(make(['run'])).toMatchObject({ status: 0, stderr: '' });
    expect(calls()).toEqual([INSTALL, BUILD, ...START]);
  });

  it('does not install or build a second time', () => {
    make(['run']);
    calls();

    expect(make(['-n', 'run']).stdout).not.toMatch(/npm ci|build/);
    make(['run']);
    expect(calls()).toEqual(START);
  });

  it.each([
    ['package-lock.json', [INSTALL, BUILD]],
    ['src/main.ts', [BUILD]],
    ['src', [BUILD]],
    ['tsconfig.json', [BUILD]],
  ])('repeats the steps that a change of %s requires', (name, expected) => {
    make(['run']);
    calls();
    touch(name);
    make(['run']);

    expect(calls()).toEqual([...expected, ...START]);
  });

  it.each([
    ['Ctrl-C, which reaches every process,', 'SIGINT', (make: number) => -make],
    ['an ended make, which passes it on,', 'SIGTERM', (make: number) => make],
  ] as const)('ends in order, without an error of make, after %s', async (_, signal, target) => {
    const child = spawn('make', ['run'], {
      cwd: project,
      env: environment({ SERVES: 'yes' }),
      // A process group of its own, so that a signal does not reach the tests.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const exited = once(child, 'exit');
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) if (chunk.includes('serving')) break;
    await delay(100);
    if (child.pid !== undefined) process.kill(target(child.pid), signal);
    await exited;

    expect(stderr).toBe('');
    expect(calls()).toContain('stopped');
  });
});

describe('make test', () => {
  it('installs once, then only tests', () => {
    make(['test']);
    expect(calls()).toEqual([INSTALL, 'npm test']);
    make(['test']);
    expect(calls()).toEqual(['npm test']);
  });

  it('says that npm is missing', () => {
    const { status, stderr } = make(['test', 'NPM=no-such-npm']);

    expect(status).not.toBe(0);
    expect(stderr).toMatch(/no-such-npm is not installed/);
  });
});

describe('make up, down and logs', () => {
  it('starts the container with the secret of the environment', () => {
    expect(make(['up'], { WEBHOOK_SECRET: 'mine' }).status).toBe(0);
    expect(calls()).toEqual(['WEBHOOK_SECRET=mine docker compose up -d --build --wait']);
  });

  it.each([
    'LOG_LEVEL=DEBUG\nWEBHOOK_SECRET=mine\n',
    '\u{feff}WEBHOOK_SECRET=mine\n',
    'export\tWEBHOOK_SECRET = "mine" # new\r\n',
    "WEBHOOK_SECRET=\nWEBHOOK_SECRET='mi#ne'",
  ])('starts the container when the secret is in .env, which Compose reads: %j', (dotenv) => {
    writeFileSync(path.join(project, '.env'), dotenv);

    expect(make(['up']).status).toBe(0);
    expect(calls()).toEqual(['WEBHOOK_SECRET= docker compose up -d --build --wait']);
  });

  it.each([
    ['nowhere', undefined, {}],
    ['empty in .env', 'WEBHOOK_SECRET=\n', {}],
    ['an empty quotation in .env', 'WEBHOOK_SECRET=""\r\n', {}],
    ['followed by a comment alone', 'WEBHOOK_SECRET= # later\n', {}],
    ['empty in the last line of .env', 'WEBHOOK_SECRET=mine\nWEBHOOK_SECRET=\n', {}],
    ['a comment in .env', '# WEBHOOK_SECRET=mine\n', {}],
    ['emptied by the environment', 'WEBHOOK_SECRET=mine\n', { WEBHOOK_SECRET: '' }],
  ])('requires a secret if it is %s', (_, dotenv, extra) => {
    if (dotenv !== undefined) writeFileSync(path.join(project, '.env'), dotenv);
    const { status, stderr } = make(['up'], extra);

    expect(status).not.toBe(0);
    expect(stderr).toMatch(/WEBHOOK_SECRET is not set[\s\S]*export WEBHOOK_SECRET=/);
    expect(calls()).toEqual([]);
  });

  it('removes the volumes, says so, and needs no secret for it', () => {
    expect(make(['down']).stdout).toMatch(/This removes the volumes/);
    expect(calls()).toEqual(['WEBHOOK_SECRET=unused docker compose down -v']);
  });

  it('follows the log of the api, and needs no secret for it', () => {
    make(['logs']);
    expect(calls()).toEqual(['WEBHOOK_SECRET=unused docker compose logs -f api']);
  });

  it.each(['up', 'down', 'logs'])('%s says that Docker or its Compose is missing', (target) => {
    const without = make([target, 'DOCKER=no-such-docker'], { WEBHOOK_SECRET: 'mine' });
    expect(without).toMatchObject({ status: 2, stderr: expect.stringContaining('no-such-docker is not installed') });

    const old = make([target], { WEBHOOK_SECRET: 'mine', NO_COMPOSE: '1' });
    expect(old).toMatchObject({ status: 2, stderr: expect.stringContaining('Docker Compose 2 is missing') });
    expect(calls()).toEqual([]);
  });
});

describe('make clean', () => {
  it('removes the files that were built, and nothing else', () => {
    make(['run']);
    writeFileSync(path.join(project, '.env'), '');
    mkdirSync(path.join(project, 'data'));
    make(['clean']);

    const there = ['dist', 'node_modules', '.env', 'data', 'src'].filter((name) =>
      existsSync(path.join(project, name)),
    );
    expect(there).toEqual(['node_modules', '.env', 'data', 'src']);
  });
});
