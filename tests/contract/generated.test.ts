import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { contractYaml } from '../support/contract-check.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GENERATOR = path.join(
  path.dirname(createRequire(import.meta.url).resolve('openapi-typescript/package.json')),
  'bin/cli.js',
);
const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The exit status of a check of the committed types against a contract. */
const check = (contract: string): Promise<number> =>
  new Promise((resolve) => {
    const args = [GENERATOR, contract, '-o', 'src/adapters/http/contract/generated/openapi.ts', '--check'];
    execFile(process.execPath, args, { cwd: ROOT, env: {} }, (error) => {
      resolve(typeof error?.code === 'number' ? error.code : 0);
    });
  });

describe('the generated types', () => {
  it('equal those of the contract', async () => {
    expect(await check('api/openapi.yaml')).toBe(0);
  });

  it('differ from those of a contract with one change', async () => {
    const other = path.join(folder, 'openapi.yaml');
    writeFileSync(other, contractYaml.replace('enum: [created, duplicate, conflict]', 'enum: [created, duplicate]'));
    expect(await check(other)).toBe(1);
  });
});
