import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, it } from '@jest/globals';
import { expectProgramToWork } from '../support/client-programs.ts';

const run = promisify(execFile);

/** Those of TypeScript run where the package is installed: tests/deployment/typescript-client-package.test.ts. */
const LANGUAGES = [
  { language: 'python', file: 'program.py', command: 'python3', args: [], has: ['--version'] },
  { language: 'go', file: 'program.go', command: 'go', args: ['run'], has: ['version'] },
  { language: 'sh', file: 'program.sh', command: 'bash', args: ['-uo', 'pipefail'], has: ['--version'] },
];

describe('docs/clients.md', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  for (const { language, file, command, args, has } of LANGUAGES) {
    // Without its runtime a program cannot be tried; it shows as skipped.
    const runs = spawnSync(command, has).status === 0;
    (runs ? it : it.skip)(
      `has a program in ${language} that works`,
      async () => {
        await expectProgramToWork(language, async (program) => {
          writeFileSync(path.join(folder, file), program);
          return (await run(command, [...args, file], { cwd: folder, timeout: 50_000 })).stdout;
        });
      },
      60_000,
    );
  }
});
