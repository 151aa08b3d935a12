import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { commandLine, type CommandLine } from '../../support/command-line.ts';
import { SECRET, startService } from '../../support/service.ts';

const script = (name: string): string => fileURLToPath(new URL(`../../../scripts/${name}.ts`, import.meta.url));

/** Runs as `make run` and `make demo` do, in a folder of its own. */
let program: CommandLine;
afterEach(() => {
  program.remove();
});

describe('setup', () => {
  beforeEach(() => {
    program = commandLine(script('setup'));
  });

  it.each([
    ['HOST=\nPORT=', 'http://127.0.0.1:8000'],
    ['HOST=0.0.0.0\nPORT=8001', 'http://127.0.0.1:8001'],
    ['HOST=::1', 'http://[::1]:8000'],
  ])('prints an address that leads to the service of %j', async (lines, address) => {
    program.file('.env', `WEBHOOK_SECRET=${SECRET}\n${lines}\n`);
    const { status, stdout } = await program.run([]);
    expect(status).toBe(0);
    expect(stdout).toContain(`curl -X POST ${address}/webhook `);
    expect(stdout).toContain(`${address}/docs\n`);
  });

  it('prints no address that is not known yet', async () => {
    program.file('.env', `WEBHOOK_SECRET=${SECRET}\nPORT=0\n`);
    const { status, stdout } = await program.run([]);
    expect(status).toBe(0);
    expect(stdout).not.toContain('curl');
  });

  it('stops at an invalid configuration, as the service does', async () => {
    program.file('.env', 'PORT=eight\n');
    expect(await program.run([])).toEqual({
      status: 78,
      stdout: '',
      stderr: expect.stringContaining('  PORT must be'),
    });
  });
});

describe('demo', () => {
  it('finds the service that .env names, and ignores empty lines there', async () => {
    program = commandLine(script('demo'));
    const service = await startService();
    program.file('.env', `WEBHOOK_SECRET=${SECRET}\nHOST=\nREAD_API_KEYS=\nPORT=${String(service.port)}\n`);
    const { status, stdout } = await program.run(['--count', '3']);
    await service.stop();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^3 created\n/m);
    expect(stdout).toContain('"total_messages": 3');
  });
});
