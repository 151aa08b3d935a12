import { execFile } from 'node:child_process';
import { afterAll, describe, expect, it } from '@jest/globals';
import { commandLine } from '../../support/command-line.ts';
import { CLI } from '../../support/entry-points.ts';
import { SECRET } from '../../support/service.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

const ENVIRONMENT = { WEBHOOK_SECRET: SECRET, DATABASE_URL: 'sqlite:///./app.db' };

/** Runs a command in a shell that redirects its standard output. */
function redirected(command: string, redirection: string): Promise<{ status: number; stderr: string }> {
  const script = `exec "$0" "$1" ${command} ${redirection}`;
  return new Promise((resolve) => {
    const child = execFile(
      '/bin/sh',
      ['-c', script, process.execPath, CLI],
      { cwd: cli.folder, env: ENVIRONMENT },
      (error, _stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stderr });
      },
    );
    child.stdin?.end('{}');
  });
}

describe('a command whose result is its output', () => {
  it.each(['sign', 'export -', 'export - --json'])('%s fails if standard output is closed', async (command) => {
    await cli.run(['migrate', 'latest'], ENVIRONMENT);
    expect(await redirected(command, '>&-')).toEqual({
      status: 1,
      stderr: expect.stringContaining('standard output is closed'),
    });
  });

  it.each(['sign', 'export -'])('%s succeeds if the output is discarded on purpose', async (command) => {
    await cli.run(['migrate', 'latest'], ENVIRONMENT);
    expect(await redirected(command, '> /dev/null')).toMatchObject({ status: 0 });
  });
});
