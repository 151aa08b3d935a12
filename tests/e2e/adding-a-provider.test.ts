import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sign } from '../support/http-client.ts';
import { startProcess } from '../support/service.ts';

/** docs/adding-a-provider.md, followed to the letter in a copy of the project. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(path.join(ROOT, 'docs/adding-a-provider.md'), 'utf8');
const BLOCK = /^```(?:ts|yaml) (file|into)=(\S+)(?: (above|below)="([^"]+)")?\n([\s\S]*?)^```$/gm;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'adding-a-provider-'));
  for (const name of ['api', 'src', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function apply(kind: string, file: string, where: string | undefined, line: string, block: string): void {
  const target = path.join(folder, file);
  if (kind === 'file') {
    writeFileSync(target, block, { flag: 'wx' });
    return;
  }
  const lines = readFileSync(target, 'utf8').split('\n');
  const at = lines.findIndex((one) => one.startsWith(line));
  if (at === -1) throw new Error(`${file} has no line that begins with ${line}`);
  lines.splice(where === 'below' ? at + 1 : at, 0, ...block.replace(/\n$/, '').split('\n'));
  writeFileSync(target, lines.join('\n'));
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [path.join(ROOT, 'node_modules', command), ...args],
    { cwd: folder },
  ).catch((error: unknown) => {
    throw new Error(`${command}: ${JSON.stringify(error)}`, { cause: error });
  });
  expect(`${stdout}${stderr}`).not.toContain('error');
}

it('gives a provider that compiles, is verified, and stores its messages under its own name', async () => {
  const blocks = [...PAGE.matchAll(BLOCK)];
  expect(blocks.length).toBeGreaterThan(7);
  for (const [, kind = '', file = '', where, line = '', block = ''] of blocks) apply(kind, file, where, line, block);
  await run(
    'openapi-typescript/bin/cli.js',
    'api/openapi.yaml',
    '-o',
    'src/adapters/http/contract/generated/openapi.ts',
  );
  writeFileSync(
    path.join(folder, 'tsconfig.check.json'),
    JSON.stringify({ extends: './tsconfig.json', include: ['src'] }),
  );
  await run('typescript/bin/tsc', '-p', 'tsconfig.check.json', '--noEmit');

  const acme = startProcess(folder, { ACME_SECRET: 'acme secret' }, path.join(folder, 'src/infrastructure/main.ts'));
  try {
    const { port } = await acme.listening;
    const origin = `http://127.0.0.1:${String(port)}`;
    const event = {
      id: 'acme-1',
      sender: '+919876543210',
      recipient: '+14155550100',
      created_at: '2025-01-15T10:00:00Z',
      body: 'Hello',
    };
    const body = JSON.stringify(event);
    const post = (secret: string): Promise<Response> => {
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${sign(secret, body)}` };
      acme.watch.sent({ headers, body });
      return fetch(`${origin}/webhooks/acme`, { method: 'POST', headers, body });
    };
    expect((await post('another secret')).status).toBe(401);
    const results = [await post('acme secret'), await post('acme secret')];
    expect(results.map(({ headers }) => headers.get('x-message-result'))).toEqual(['created', 'duplicate']);
    expect(await (await fetch(`${origin}/messages/acme-1`)).json()).toMatchObject({ provider: 'acme', text: 'Hello' });
    expect(await (await fetch(`${origin}/messages/acme-1/raw?provider=acme`)).text()).toBe(body);
    expect(await (await fetch(`${origin}/health/ready`)).json()).toMatchObject({ providers: ['acme', 'webhook'] });
  } finally {
    acme.child.kill('SIGTERM');
    expect((await acme.ended).status).toBe(0);
  }
}, 300_000);
