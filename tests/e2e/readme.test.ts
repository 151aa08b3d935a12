import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { parseEnv, promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { leakWatch } from '../support/leak-watch.ts';
import { freePort } from '../support/free-port.ts';
import { freshCopy, readPage, ROOT, shellBlocks } from '../support/page-commands.ts';
import { describeNeeding } from '../support/requirements.ts';

const run = promisify(execFile);
const README = readPage('README.md');
const BLOCKS = shellBlocks(README);

describeNeeding(['curl', 'openssl'], 'the README', () => {
  let folder = '';
  let port = 0;
  let service: ChildProcess;
  let printed = '';

  const shell = (script: string): Promise<{ stdout: string }> =>
    run('bash', ['-euo', 'pipefail', '-c', script.replaceAll(':8000', `:${String(port)}`)], {
      cwd: folder,
      env: { ...process.env, PORT: String(port) },
    });

  beforeAll(async () => {
    folder = freshCopy('readme');
    port = await freePort();
    service = spawn('make', ['run'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    if (service.stdout === null) throw new Error('no output');
    const lines = createInterface(service.stdout);
    lines.on('line', (line) => (printed += `${line}\n`));
    while (!printed.includes('"listening"')) await once(lines, 'line');
  }, 300_000);
  afterAll(async () => {
    const closed = once(service, 'close');
    process.kill(-(service.pid ?? 0), 'SIGINT'); // as Ctrl-C does: to make and all it started
    await closed;
    const watch = leakWatch();
    watch.secretsOf(parseEnv(readFileSync(path.join(folder, '.env'), 'utf8')));
    for (const [, body] of README.matchAll(/^BODY='(.+)'$/gm)) watch.sent({ body });
    for (const [, target] of README.matchAll(/^curl "http:\/\/localhost:8000(.+)"$/gm)) watch.sent({ target });
    rmSync(folder, { recursive: true, force: true });
    const log = printed.split('\n').filter((line) => line.startsWith('{"ts"'));
    expect(log.length).toBeGreaterThan(10);
    expect(log.flatMap((line) => watch.leaks(line))).toEqual([]);
    expect(printed).toMatch(/"message":"stopped","requests_cut_off":false\}\n$/);
  });

  it('starts with the command that starts the service', () => {
    expect(BLOCKS[0]?.script).toBe('make run\n');
  });

  it('is right about the curl that the start prints', async () => {
    const curl = /^ {2}curl -X POST[^]*?'$/m.exec(printed)?.[0] ?? 'no curl was printed; false';
    await expect(shell(`${curl} -sS`)).resolves.toMatchObject({ stdout: '{"status":"ok"}' });
  });

  it('gives commands that work, in the order they stand', async () => {
    const scripts = BLOCKS.filter(({ why }) => why === '').slice(1);
    expect(scripts.length).toBeGreaterThanOrEqual(5);
    for (const { script } of scripts) {
      const { stdout } = await shell(script.replaceAll('curl ', 'curl -sS --fail-with-body '));
      expect(stdout).not.toBe('');
    }
  });

  it('names only make targets and npm scripts that exist', () => {
    const makefile = readFileSync(path.join(ROOT, 'Makefile'), 'utf8');
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, target = ''] of README.matchAll(/\bmake ([a-z]+)\b/g)) {
      expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
    }
    for (const [, script = ''] of README.matchAll(/\bnpm run ([a-z:]+)/g)) expect(scripts).toHaveProperty([script]);
  });

  it('leaves out only what needs a container engine, does not end, or would run this test in itself', () => {
    const left = BLOCKS.filter(({ why }) => why !== '');
    expect(left.map(({ why }) => why)).toEqual([
      'skip: a test cannot run all tests',
      'skip: it does not end',
      'docker',
      'docker',
    ]);
    expect(left[0]?.script).toBe('make test\n');
    expect(left[1]?.script).toMatch(/^curl -N .+\n$/);
  });
});
