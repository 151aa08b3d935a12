import type { Command } from 'commander';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { CommandDependencies } from '../../../src/adapters/cli/dependencies.ts';
import { program } from '../../../src/adapters/cli/program.ts';
import { ConfigError } from '../../../src/adapters/cli/settings.ts';
import { composeCommands } from '../../../src/infrastructure/compose-commands.ts';
import { runHere } from '../../support/command-in-process.ts';
import { commandLine, signalledAt, type CommandEnd, type Environment } from '../../support/command-line.ts';
import { SECRET } from '../../support/service.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

/** What a command needs besides its required arguments, to get as far as its work. */
const ENOUGH: Readonly<Record<string, readonly string[]>> = {
  copy: ['--from', 'sqlite:///./none.db', '--to', 'sqlite:///./new.db'],
  export: ['file.ndjson'],
  purge: ['--before', '90d'],
  redact: ['--from', '+14155550100', '--yes'],
};

/** The commands with dependencies that all fail in this way. */
function failing(error: Error): CommandDependencies {
  const fail = (): never => {
    throw error;
  };
  const reject = (): Promise<never> => Promise.reject(error);
  return {
    ...composeCommands(),
    settings: fail,
    maintenance: reject,
    copy: reject,
    newMigration: reject,
    serve: reject,
  };
}

/** Every command that does something, with its path. */
function leaves(command: Command, path: readonly string[] = []): (readonly [path: string, command: Command])[] {
  if (command.commands.length === 0) return [[path.join(' '), command]];
  return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
}

const commands = leaves(program(composeCommands()))
  .filter(([path]) => path !== 'help')
  .map(([path, command]) => {
    const files = command.registeredArguments.filter(({ required }) => required).map(() => 'file');
    return { path, command, args: [...path.split(' '), ...(ENOUGH[path] ?? files), '--json'] };
  });
const withJson = commands.filter(({ path }) => path !== 'serve');
/** A build makes no migrations. */
const working = withJson.filter(({ path }) => path !== 'migrate make');

/** The one line of stdout. */
function resultOf({ stdout }: CommandEnd): Record<string, unknown> {
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Makes a process signal itself as soon as it has a handler. */
const SIGNALLED = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    const { once } = process;
    process.once = (name, ...rest) => {
      if (name === 'SIGTERM') setImmediate(() => process.kill(process.pid, name));
      return once.call(process, name, ...rest);
    };`)}`,
};

const failure = (message: unknown, more = {}) => ({ ok: false, error: { message, ...more } });

describe('--json', () => {
  it('is an option of every command, except serve, whose log is JSON', () => {
    const has = commands.filter(({ command }) => command.options.some(({ long }) => long === '--json'));
    expect(has.map(({ path }) => path)).toEqual(withJson.map(({ path }) => path));
    expect(withJson.length).toBeGreaterThan(12);
  });

  it.each(commands)('of $path is JSON if the command line is not understood', async ({ args }) => {
    const end = await runHere([...args, '--no-such-option=hunter2'], composeCommands());
    expect(end.status).toBe(64);
    expect(resultOf(end)).toEqual(failure(expect.stringMatching(/^unknown option '--[\w-]+'$/)));
    expect(end.stderr).toContain('Usage: webhook-inbox');
  });

  it.each(working)('of $path is JSON if the configuration is not valid, with each error', async ({ args }) => {
    const faults = ['PORT must be a number', 'DATABASE_URL must be a URL'];
    const end = await runHere(args, failing(new ConfigError(faults)));
    expect(end.status).toBe(78);
    expect(resultOf(end)).toMatchObject(failure('the configuration is not valid', { faults }));
  });

  it.each(working)('of $path is JSON after any fault', async ({ args }) => {
    const end = await runHere(args, failing(new Error('the disk is on fire')));
    expect(end.status).toBe(1);
    expect(resultOf(end)).toMatchObject(failure('the disk is on fire'));
    expect(end.stderr).toBe('the disk is on fire\n');
  });

  it.each<[string, readonly string[], Environment, number, object]>([
    ['no command', ['--json'], {}, 64, failure("unknown option '--json'")],
    ['an unknown command', ['sned', '--json'], {}, 64, failure("unknown command 'sned'\n(Did you mean send?)")],
    [
      'arguments that exclude each other',
      ['sign', '--curl', '--json'],
      {},
      64,
      failure(expect.stringContaining('--curl')),
    ],
    [
      'a secret that is missing',
      ['sign', '--json'],
      {},
      78,
      failure(expect.any(String), { faults: [expect.any(String)] }),
    ],
    [
      'a signature that is not valid',
      ['verify', '--json'],
      { WEBHOOK_SECRET: SECRET },
      1,
      { ...failure(expect.stringContaining('missing_header')), valid: false, reason: 'missing_header' },
    ],
    [
      'pending migrations',
      ['migrate', 'status', '--json'],
      { DATABASE_URL: 'sqlite:///./none.db' },
      1,
      { ...failure(expect.stringContaining('migrations are pending: ')), applied: [], unknown: [] },
    ],
    [
      'a service that is not there',
      ['send', '--count', '2', '--url', 'http://127.0.0.1:1', '--json'],
      { WEBHOOK_SECRET: SECRET },
      1,
      { ...failure(expect.stringContaining('ECONNREFUSED')), sent: 0, total: 2 },
    ],
    [
      'a check that fails',
      ['doctor', '--json'],
      { DATABASE_URL: 'sqlite:///./none.db', WEBHOOK_SECRET: SECRET },
      1,
      { ...failure('a check fails: database'), checks: expect.any(Array) },
    ],
  ])('reports %s with ok, error and the rest of the result', async (_what, args, environment, status, result) => {
    const end = await cli.run(args, environment);
    expect([end.status, resultOf(end)]).toEqual([status, expect.objectContaining(result)]);
  });

  it('adds ok to results that had none', async () => {
    const signed = await cli.run(['sign', '--json'], { WEBHOOK_SECRET: SECRET }, '{}');
    expect([signed.status, resultOf(signed)]).toEqual([0, expect.objectContaining({ ok: true, provider: 'webhook' })]);
    const database = { DATABASE_URL: 'sqlite:///./made.db' };
    const made = await cli.run(['migrate', 'latest', '--json'], database);
    expect([made.status, resultOf(made)]).toEqual([
      0,
      { ok: true, applied: expect.arrayContaining([expect.any(String)]) },
    ]);
    expect(resultOf(await cli.run(['migrate', 'status', '--json'], database))).toMatchObject({ ok: true, pending: [] });
  });

  it.each([
    [
      'a command that stops in its own way',
      ['import', '--json'],
      signalledAt('importing', 'SIGTERM'),
      'stopped by SIGTERM; the same command resumes',
    ],
    ['any other command', ['verify', '--json'], SIGNALLED, 'stopped by SIGTERM'],
  ])('reports the signal that stopped %s', async (_what, args, signalled, message) => {
    const environment = { WEBHOOK_SECRET: SECRET, DATABASE_URL: 'sqlite:///./stopped.db', ...signalled };
    const end = await cli.start(args, environment, null).ended; // stdin stays open
    expect([end.status, resultOf(end)]).toEqual([143, failure(message)]);
  });

  it('of an export to stdout goes to stderr, because stdout carries the lines', async () => {
    const end = await cli.run(['export', '--json', '-'], { DATABASE_URL: 'sqlite:///./none.db' });
    expect([end.status, end.stdout]).toEqual([1, '']);
    expect(JSON.parse(end.stderr.trimEnd().split('\n').at(-1) ?? '')).toEqual(failure(expect.any(String)));
  });
});
