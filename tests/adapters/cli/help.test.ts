import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeVariables } from '../../../src/infrastructure/config/config.ts';
import { packageInfo } from '../../../src/infrastructure/package-info.ts';
import { commandLine } from '../../support/command-line.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

const OPTIONS = {
  serve: [],
  sign: ['--provider', '--id', '--timestamp', '--url', '--curl', '--json', '[file]'],
  send: ['--provider', '--url', '--whole', '--count', '--rate', '--concurrency', '--retries', '--json', '[file]'],
  verify: ['--provider', '--header', '--url', '--target', '--json', '[file]'],
  doctor: ['--rebuild', '--url', '--json'],
  migrate: ['latest', 'rollback', 'status', 'make'],
  copy: ['--from', '--to', '--json'],
  redact: ['--from', '--dry-run', '--yes', '--no-compact', '--json'],
  reindex: ['--json'],
  purge: ['--before', '--keep', '--keep-from', '--dry-run', '--compact', '--force', '--json'],
  backup: ['--force', '--json', '<file>'],
  restore: ['--force', '--json', '<file>'],
  export: ['--since', '--until', '--from', '--resume', '--force', '--json', '[file]'],
  import: ['--json', '[file]'],
};

describe('webhook-inbox --help', () => {
  it('names every command, and is printed on stderr with status 64 if there is no command', async () => {
    const [help, none] = await Promise.all([cli.run(['--help']), cli.run([])]);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const command of Object.keys(OPTIONS)) expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    expect(none).toEqual({ status: 64, stdout: '', stderr: help.stdout });
  });

  it.each(Object.entries(OPTIONS))('of %s names each option and shows an example', async (command, options) => {
    const { status, stdout, stderr } = await cli.run([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const option of [...options, '--help']) expect(stdout).toContain(option);
    expect(stdout).toMatch(new RegExp(`^Usage: webhook-inbox ${command}\\b`));
    expect(stdout).toMatch(new RegExp(`^Examples?:\n {2}.*webhook-inbox ${command}\\b`, 'm'));
  });

  it('is the same as of "help COMMAND", also for a command of a command', async () => {
    const help = async (...args: string[]) => (await cli.run(args)).stdout;
    expect(await help('help', 'migrate', 'status')).toBe(await help('migrate', 'status', '--help'));
    expect(await help('help')).toBe(await help('--help'));
  });

  it('of serve names every variable', async () => {
    const { stdout } = await cli.run(['serve', '--help']);
    for (const { name, help } of describeVariables()) {
      expect(stdout).toContain(`  ${name}`);
      expect(stdout).toContain(help);
    }
  });

  it('prints its version', async () => {
    const ended = await Promise.all([cli.run(['--version']), cli.run(['-v'])]);
    for (const end of ended) expect(end).toEqual({ status: 0, stdout: `${packageInfo.version}\n`, stderr: '' });
  });
});

describe('the build', () => {
  const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

  it('makes a file that a shell can run, under the name in package.json', () => {
    const { bin, scripts } = JSON.parse(read('package.json')) as Record<'bin' | 'scripts', Record<string, string>>;
    expect(bin).toEqual({ 'webhook-inbox': 'dist/infrastructure/cli.js' });
    expect(read('src/infrastructure/cli.ts')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(scripts['build']).toContain("fs.chmodSync('dist/infrastructure/cli.js', 0o755)");
  });
});

describe('a command line with an error', () => {
  it.each([
    ['an unknown command', ['sned'], "unknown command 'sned'"],
    ['an unknown option', ['send', '--cuont', '3'], "unknown option '--cuont'"],
    ['a word too many', ['doctor', 'now'], 'too many arguments'],
    ['an unknown provider', ['sign', '-p', 'github'], 'Allowed choices are webhook, whatsapp, standard, twilio'],
    ['no number', ['send', '--count', 'many'], 'whole number from 1'],
    ['a rate of nothing', ['send', '--rate', '0'], 'a number above 0'],
    ['no URL', ['send', '--url', 'localhost:8000'], 'http or https URL'],
    ['a header without a name', ['verify', '--header', 'abc'], "'Name: value'"],
    ['an option without its value', ['copy', '--from'], 'argument missing'],
  ])('%s is reported on stderr with the usage and status 64', async (_what, args, reason) => {
    const { status, stdout, stderr } = await cli.run(args);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toContain('Usage: webhook-inbox');
  });

  it.each([
    ['an unknown command', ['help', 'sned'], "unknown command 'sned'\n(Did you mean send?)"],
    [
      'an unknown command of a command',
      ['help', 'migrate', 'statsu'],
      "unknown command 'statsu'\n(Did you mean status?)",
    ],
    ['a command of a command that has none', ['help', 'sign', 'x'], 'sign has no commands of its own'],
  ])('help for %s says so, with status 64', async (_what, args, reason) => {
    const { status, stdout, stderr } = await cli.run(args);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toContain(reason);
  });

  it.each([
    ['a mistyped option', ['copy', '--form=postgres://user:hunter2@host/db'], "unknown option '--form'"],
    ['an option', ['send', '--url', 'ftp://user:hunter2@host'], "option '--url <url>' is invalid"],
    ['an option, for fetch would refuse it,', ['doctor', '--url', 'http://user:hunter2@host'], "option '--url <url>'"],
  ])('does not repeat the value of %s, which may be a password', async (_what, args, reason) => {
    const { status, stderr } = await cli.run(args);
    expect(status).toBe(64);
    expect(stderr).toContain(reason);
    expect(stderr).not.toContain('hunter2');
  });
});

describe('a configuration that is not valid', () => {
  it.each([
    ['serve', []],
    ['sign', []],
    ['send', ['--count', '1']],
    ['verify', []],
    ['doctor', []],
    ['migrate', ['status']],
    ['backup', ['a.db']],
    ['restore', ['a.db']],
    ['export', ['a.ndjson']],
    ['import', ['a.ndjson']],
  ])('ends %s with status 78 and reports every fault and no value', async (command, args) => {
    const { status, stdout, stderr } = await cli.run([command, ...args], {
      PORT: 'the-port',
      DATABASE_URL: 'mysql://user:the-password@host/db',
    });
    expect(status).toBe(78);
    expect(stdout + stderr).toMatch(/DATABASE_URL must be/);
    expect(stdout + stderr).toMatch(/PORT must be/);
    expect(stdout + stderr).not.toMatch(/the-(port|password)/);
  });
});
