import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADDRESS, blocksOf, expectProgramToWork } from '../support/client-programs.ts';
import { startService } from '../support/service.ts';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const PACKAGE = path.join(ROOT, 'clients/typescript');
const MODULES = path.join(ROOT, 'node_modules');
/** Packages that the README's snippets use. */
const SECRET = 'your-secret-here';
const KEY = 'your-read-key-here';
const README = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');
const SNIPPETS = Array.from(README.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code = '']) => code);

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly engines: { readonly node: string };
}
const manifest = (folder: string) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;

/** The package as a team installs it, without the rest of this project. */
describe('the packed TypeScript client', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  const project = path.join(folder, 'project');

  /** Its output; rejects with the output if the status is not 0. */
  async function npm(cwd: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
    return stdout;
  }
  /** Writes compiler options for this kind of module resolution, and compiles with them. */
  async function compile(module: object): Promise<string> {
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], outDir: 'out', ...module },
    };
    writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    return run(process.execPath, [path.join(MODULES, 'typescript/bin/tsc'), '-p', '.'], { cwd: project }).then(
      () => '',
      (error: unknown) => {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        if (stdout + stderr === '') throw error;
        return stdout + stderr;
      },
    );
  }

  beforeAll(async () => {
    mkdirSync(project);
    await npm(PACKAGE, 'pack', '--pack-destination', folder);
    // As packages of their own, because the test has no registry.
    for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) {
      await npm(path.join(MODULES, name), 'pack', '--ignore-scripts', '--pack-destination', folder);
    }
    writeFileSync(path.join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
    const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    await npm(project, 'install', ...tarballs.map((file) => path.join('..', file)));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('has the files that it needs, and nothing else', () => {
    const installed = path.join(project, 'node_modules/webhook-inbox-client');
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('.'));
    expect(files.filter((file) => !/^dist\/[a-z/]+(\.js|\.d\.ts)$/.test(file)).sort()).toEqual([
      'README.md',
      'package.json',
    ]);
    expect(readdirSync(installed)).toContain('LICENSE');
    expect(readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toHaveLength(3);
  });

  it('requires the versions that it was tested with, and has the version of the contract', () => {
    const { version, dependencies } = manifest(PACKAGE);
    expect(dependencies).toEqual({ 'openapi-fetch': `^${manifest(path.join(MODULES, 'openapi-fetch')).version}` });
    expect(readFileSync(path.join(ROOT, 'api/openapi.yaml'), 'utf8')).toContain(`\n  version: ${version}\n`);
  });

  it('has a correct README: every snippet compiles, and runs against the service', async () => {
    const service = await startService({ WEBHOOK_SECRET: SECRET, READ_API_KEYS: KEY });
    try {
      expect(SNIPPETS.length).toBeGreaterThanOrEqual(8);
      const code = SNIPPETS.join('').replaceAll('http://localhost:8000', service.url);
      writeFileSync(path.join(project, 'readme.ts'), code);
      await expect(compile({ module: 'preserve', moduleResolution: 'bundler', noEmit: true })).resolves.toBe('');
      await expect(compile({ module: 'nodenext' })).resolves.toBe('');
      const { stdout } = await run(process.execPath, ['out/readme.js'], { cwd: project });
      expect(stdout).toMatch(/^created\n20\S+Z Your order is on its way\n1 of 1\n1 webhook no status\n\[\]\ntrue\n/);
      expect(stdout).toMatch(/\/problems\/validation-error\n\[ 'query.limit must be <= 100' \]\n[\w-]+\ntrue\n$/);
    } finally {
      await service.stop();
    }
  });

  const nodes = [{ file: process.execPath, version: process.version }, ...otherNodes()];
  it('compiles the program of docs/clients.md', async () => {
    writeFileSync(path.join(project, 'program.ts'), blocksOf('ts').join('\n'));
    await expect(compile({ module: 'nodenext' })).resolves.toBe('');
  });

  it.each(nodes)('works as docs/clients.md describes, on Node $version', async ({ file }) => {
    await expectProgramToWork('ts', async (_, url) => {
      const program = readFileSync(path.join(project, 'out/program.js'), 'utf8').replaceAll(ADDRESS, url);
      writeFileSync(path.join(project, 'out/program-there.js'), program);
      const { stdout, stderr } = await run(file, ['out/program-there.js'], { cwd: project });
      expect(stderr).toBe('');
      return stdout;
    });
  });

  it('lets the compiler find mistakes', async () => {
    writeFileSync(
      path.join(project, 'wrong.ts'),
      `import { createInboxClient } from 'webhook-inbox-client';
const inbox = createInboxClient({ baseUrl: 'http://localhost:8000' });
await inbox.listMessages({ sender: '+14155550100' });
await inbox.ingestMessage({ message_id: 'm1' });
const total: string = (await inbox.getStats()).total_messages;
await inbox.api.GET('/message');
`,
    );
    const found = await compile({ module: 'nodenext' });
    rmSync(path.join(project, 'wrong.ts'));
    expect(Array.from(found.matchAll(/^wrong\.ts\((\d+),/gm), ([, line]) => line)).toEqual(['3', '4', '5', '6']);
  });
});

/** Those on the PATH that have another version than this one, and a sufficient one for the package. */
function otherNodes(): { file: string; version: string }[] {
  const [, major = NaN, minor = NaN] = /^>=(\d+)\.(\d+)$/.exec(manifest(PACKAGE).engines.node)?.map(Number) ?? [];
  const found = new Map<string, string>();
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, 'node');
    const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
    if (status !== 0) continue;
    const [, itsMajor = 0, itsMinor = 0] = /^v(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
    const fits = itsMajor > major || (itsMajor === major && itsMinor >= minor);
    if (fits && stdout.trim() !== process.version) found.set(stdout.trim(), file);
  }
  return Array.from(found, ([version, file]) => ({ file, version }));
}
