import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run as lint } from 'dockerfilelint';

import {
  assignments,
  buildOnHost,
  dockerignore,
  execForm,
  type HostImage,
  parseCopy,
  parseDockerfile,
  type Stage,
} from '../support/dockerfile.ts';
import { freePort } from '../support/free-port.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => readFileSync(path.join(REPOSITORY, name), 'utf8');

const dockerfile = read('Dockerfile');
const ignored = dockerignore(read('.dockerignore'));

function lastStage(text: string): Stage {
  const stage = parseDockerfile(text).at(-1);
  if (!stage) throw new Error('no stage');
  return stage;
}

/** The arguments of the last instruction of that name in the stage that becomes the image. */
function imageHas(text: string, name: string): string {
  return lastStage(text).instructions.findLast((instruction) => instruction.name === name)?.args ?? '';
}

describe('Dockerfile', () => {
  it('has no findings of the linter', () => {
    // The empty base image has no tag; the linter asks for one.
    expect(lint(REPOSITORY, dockerfile.replace('FROM scratch AS', 'FROM scratch:empty AS'))).toEqual([]);
  });

  it('is checked by a linter that can find faults', () => {
    expect(lint(REPOSITORY, dockerfile.replaceAll(/node:\S+/g, 'node:latest'))).not.toEqual([]);
  });

  const nodeVersion = (JSON.parse(read('package.json')) as { devDependencies: { node: string } }).devDependencies.node;

  /** The properties that an image must have, each with a change that would break it. */
  const rules: Record<string, { holds: (text: string) => boolean; broken: (text: string) => string }> = {
    'every stage but the last starts from the Node that the tests run on, by its full version': {
      holds: (text) =>
        parseDockerfile(text)
          .slice(0, -1)
          .every(({ base }) => base.replace(/@sha256:[0-9a-f]{64}$/, '') === `node:${nodeVersion}-bookworm-slim`),
      broken: (text) => text.replace('node:${NODE_VERSION}-bookworm-slim AS system', 'node:24-slim AS system'),
    },
    'the image has no shell, no npm and no package manager, only what is copied into it': {
      holds: (text) =>
        lastStage(text).base === 'scratch' && lastStage(text).instructions.every(({ name }) => name !== 'RUN'),
      broken: (text) => text.replace('FROM scratch', 'FROM node:${NODE_VERSION}-bookworm-slim'),
    },
    'it looks for programs where Node is': {
      holds: (text) => assignments(imageHas(text, 'ENV'))['PATH'] === '/usr/local/bin',
      broken: (text) => text.replace('PATH=/usr/local/bin', 'PATH=/bin'),
    },
    'it does not run as root, and says so by number': {
      holds: (text) => /^[1-9]\d*:[1-9]\d*$/.test(imageHas(text, 'USER')),
      broken: (text) => text.replace(/^CMD/m, 'USER 0:0\nCMD'),
    },
    'node is process 1': {
      holds: (text) => execForm(imageHas(text, 'CMD'))?.[0] === 'node' && imageHas(text, 'ENTRYPOINT') === '',
      broken: (text) => text.replace(/^CMD.*/m, 'CMD npm start'),
    },
    'it is stopped by the signal the service handles': {
      holds: (text) => imageHas(text, 'STOPSIGNAL') === 'SIGTERM',
      broken: (text) => text.replace('STOPSIGNAL SIGTERM', 'STOPSIGNAL SIGKILL'),
    },
    'health is asked for without a shell': {
      holds: (text) => healthcheck(text)?.[0] === 'node',
      broken: (text) => text.replace(/CMD \["node", "-e".*/, 'CMD curl -f http://localhost:8000/health/live'),
    },
    'it says its port and its volume': {
      holds: (text) => imageHas(text, 'EXPOSE') === '8000' && imageHas(text, 'VOLUME') === '/data',
      broken: (text) => text.replace('VOLUME /data', ''),
    },
    'no secret is in it': {
      holds: (text) => !/^\s*(ENV|ARG)?\s*\w*(SECRET|KEY|TOKEN|PASSWORD)\w*=/m.test(text),
      broken: (text) => text.replace('PORT=8000', 'WEBHOOK_SECRET=change-me'),
    },
    'installing runs no script of a package': {
      holds: (text) => [...text.matchAll(/npm (ci|install)\b.*/g)].every(([line]) => line.includes('--ignore-scripts')),
      broken: (text) => text.replace(' --ignore-scripts', ''),
    },
    'nothing is fetched by ADD': {
      holds: (text) =>
        parseDockerfile(text).every(({ instructions }) => instructions.every(({ name }) => name !== 'ADD')),
      broken: (text) => text.replace('COPY api/ api/', 'ADD api/ api/'),
    },
  };

  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule.holds(dockerfile)).toBe(true);
  });

  it.each(Object.entries(rules))('detects a change that breaks it: %s', (_, rule) => {
    expect(rule.broken(dockerfile)).not.toBe(dockerfile);
    expect(rule.holds(rule.broken(dockerfile))).toBe(false);
  });
});

describe('.dockerignore', () => {
  it.each([
    '.env',
    '.env.local',
    '.git/config',
    'data/app.db',
    'node_modules/koa/package.json',
    'server.key',
    'dist/x.js',
  ])('keeps %s out', (name) => {
    expect(ignored(name)).toBe(true);
  });

  it('includes everything that is copied, and nothing else', () => {
    const copied = parseDockerfile(dockerfile)
      .flatMap(({ instructions }) => instructions.filter(({ name }) => name === 'COPY'))
      .map(({ args }) => parseCopy(args))
      .filter(({ from }) => from === undefined)
      .flatMap(({ sources }) => sources.map((source) => source.replace(/\/$/, '')));

    expect(readdirSync(REPOSITORY).filter((name) => !ignored(name))).toEqual([...new Set(copied)].toSorted());
  });
});

describe('the steps of the Dockerfile', () => {
  const asRoot = process.getuid?.() === 0;
  let folder: string;
  let image: HostImage;
  let port: number;
  let service: ChildProcess;
  let output = '';
  let end = (): Promise<unknown> => Promise.resolve();

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'image-')));
    // The service is another user, which must be able to enter this folder.
    chmodSync(folder, 0o755);
    image = buildOnHost(REPOSITORY, folder);
    port = await freePort();

    const [command = '', ...args] = execForm(imageHas(dockerfile, 'CMD')) ?? [];
    const [uid, gid] = imageHas(dockerfile, 'USER').split(':').map(Number);
    service = spawn(command, args, {
      cwd: image.workdir,
      env: { ...image.environment, PORT: String(port), WEBHOOK_SECRET: randomBytes(32).toString('hex') },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(asRoot && uid !== undefined && gid !== undefined && { uid, gid }),
    });
    const exited = once(service, 'exit');
    end = () => {
      service.kill('SIGKILL');
      return exited;
    };
    for (const stream of [service.stdout, service.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
  }, 600_000);

  afterAll(async () => {
    await end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keep the compiler and the test tools out of the image', () => {
    const installed = readdirSync(path.join(image.workdir, 'node_modules'));

    expect(installed).toEqual(expect.arrayContaining(['koa', 'better-sqlite3']));
    expect(installed).not.toContain('typescript');
    expect(installed).not.toContain('jest');
  });

  it('keep out of the image what only a compiler or a debugger reads, and binaries of other platforms', () => {
    const files = filesIn(path.join(image.workdir, 'node_modules'));
    expect(files.filter((file) => /\.(?:map|[cm]?ts|c|cc|cpp|h|gyp|exe)$/.test(file))).toEqual([]);
    const platform = `${process.platform}-${process.arch}`;
    const addons = files.filter((file) => file.endsWith('.node'));
    expect(addons).toContain(`better-sqlite3/prebuilds/${platform}.node`);
    expect(addons.filter((file) => !file.includes(platform))).toEqual([]);
  });

  it('copy of Redoc only its bundle, with its notices', () => {
    const files = filesIn(path.join(image.workdir, 'node_modules', 'redoc'));
    expect(files.toSorted()).toEqual([
      'LICENSE',
      'bundles/redoc.standalone.js',
      'bundles/redoc.standalone.js.LICENSE.txt',
      'package.json',
    ]);
    expect(existsSync(path.join(image.workdir, 'node_modules', 'mobx'))).toBe(false);
  });

  it('copy the libraries that Node loads', () => {
    const files = filesIn(image.root);
    expect(files).toContain('usr/local/bin/node');
    for (const library of ['libc.so.6', 'libstdc++.so.6']) {
      expect(files.some((file) => path.basename(file) === library)).toBe(true);
    }
  });

  it('build a service that becomes ready, with a new database', async () => {
    expect(await whenReady(port, service)).toBe(200);
    expect(existsSync(path.join(image.root, 'data', 'app.db'))).toBe(true);
  });

  it('resolve a relative path to the database in /data, for operators who use a copy of .env.example', () => {
    const { DATABASE_URL: url = '' } = parseEnv(read('.env.example'));

    expect(realpathSync(path.join(image.workdir, url.replace('sqlite:///', '')))).toBe(
      path.join(image.root, 'data', 'app.db'),
    );
  });

  it.each(['/', '/openapi.json', '/docs', '/redoc'])('include the files of %s in the image', async (page) => {
    expect(await statusOf(port, page)).toBe(200);
  });

  it('give the image a health check that passes', async () => {
    expect(await checkHealth(image, port)).toBe(0);
  });

  it('build a service that writes nowhere but to /data', () => {
    const since = image.builtAt;
    const written = filesIn(image.root).filter((file) => statSync(path.join(image.root, file)).mtimeMs > since);

    expect(written).not.toEqual([]);
    expect(written.filter((file) => !file.startsWith('data/'))).toEqual([]);
  });

  it('build a service that stops gracefully on SIGTERM', async () => {
    service.kill('SIGTERM');
    const [code, signal] =
      service.exitCode === null ? ((await once(service, 'exit')) as unknown[]) : [service.exitCode];

    expect({ code, signal, output: code === 0 ? '' : output }).toEqual({ code: 0, signal: null, output: '' });
  });

  it('give the image a health check that fails without the service', async () => {
    expect(await checkHealth(image, port)).toBe(1);
  });
});

async function statusOf(port: number, page: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${page}`);
  await response.arrayBuffer();
  return response.status;
}

/** The status of /health/ready as soon as it is 200; otherwise the last one after a minute, or -1 without an answer. */
async function whenReady(port: number, service: ChildProcess): Promise<number> {
  let status = -1;
  for (let attempt = 0; attempt < 600 && status !== 200 && service.exitCode === null; attempt += 1) {
    await delay(100);
    status = await statusOf(port, '/health/ready').catch(() => -1);
  }
  return status;
}

function healthcheck(text: string): string[] | null {
  return execForm(/\sCMD (.*)$/.exec(imageHas(text, 'HEALTHCHECK'))?.[1] ?? '');
}

async function checkHealth({ environment, workdir }: HostImage, port: number): Promise<number> {
  const [command = '', ...args] = healthcheck(dockerfile) ?? [];
  return promisify(execFile)(command, args, { cwd: workdir, env: { ...environment, PORT: String(port) } }).then(
    () => 0,
    (error: unknown) => (error as { code: number }).code,
  );
}

/** By their real paths, whatever link led there. */
function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, realpathSync(path.join(entry.parentPath, entry.name))));
}
