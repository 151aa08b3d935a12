import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeVariables } from '../../src/infrastructure/config/config.ts';
import { packageInfo } from '../../src/infrastructure/package-info.ts';
import { connectTo } from '../support/connection.ts';
import { MAIN } from '../support/entry-points.ts';
import { startProcess } from '../support/service.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });

describe('the command line', () => {
  it('explains itself', async () => {
    const [help, version, short] = await Promise.all([run(['--help']), run(['--version']), run(['-h'])]);
    expect([help.status, help.stderr, version.status]).toEqual([0, '', 0]);
    expect(short.stdout).toBe(help.stdout);
    expect(version.stdout).toBe(`${packageInfo.version}\n`);
    for (const { name, fallback, help: words } of describeVariables()) {
      const title = fallback === '' ? `  ${name}\n` : `  ${name} (default ${fallback})\n`;
      expect(help.stdout).toContain(`${title}      ${words}\n`);
    }
    for (const status of [0, 1, 64, 78]) expect(help.stdout).toContain(` ${String(status)} `);
  });

  it('takes no other arguments', async () => {
    const [flag, word] = await Promise.all([run(['--port=1']), run(['serve'])]);
    expect([flag.status, flag.stdout, word.status, word.stdout]).toEqual([64, '', 64, '']);
    expect(flag.stderr).toContain("'--port'");
    expect(word.stderr).toContain("'serve'");
  });
});

describe('a configuration that is not valid', () => {
  it('is reported completely, without the values, and nothing starts', async () => {
    const { status, stdout, stderr } = await run([], {
      WEBHOOK_SECRET: 'the-secret',
      READ_API_KEYS: 'the-key',
      DATABASE_URL: 'mysql://user:the-password@host/db',
      PORT: 'the-port',
      LOG_LEVEL: 'the-level',
    });
    expect([status, stdout]).toEqual([78, '']);
    expect(stderr.match(/^ {2}[A-Z_]+/gm)).toEqual(['  DATABASE_URL', '  LOG_LEVEL', '  PORT', '  READ_API_KEYS']);
    expect(stderr).not.toMatch(/the-(secret|key|password|port|level)/);
  });
});

/** Started together, because starting is most of their work. */
const running = {
  exposed: startProcess(folder, { WEBHOOK_SECRET: '', HOST: '0.0.0.0', DATABASE_URL: 'sqlite:///exposed.db' }),
  throwing: startProcess(folder, planted("throw new RangeError('planted')")),
  rejecting: startProcess(folder, planted('Promise.reject(null)')),
  pestered: startProcess(folder, { DATABASE_URL: 'sqlite:///pestered.db' }),
};

afterAll(async () => {
  for (const { child, ended } of Object.values(running)) {
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
});

/** A module that the process loads first; it waits for a signal to do its harm. */
function planted(harm: string): Record<string, string> {
  const module = encodeURIComponent(`process.on('SIGUSR2', () => { ${harm} })`);
  return { NODE_OPTIONS: `--import=data:text/javascript,${module}` };
}

describe('the start', () => {
  it('warns once when there is no secret, and when strangers can read', async () => {
    const { child, log, listening, ended } = running.exposed;
    const client = await listening;
    expect((await client.read('/health/ready')).json()).toMatchObject({ checks: { webhook_secret: 'missing' } });
    expect((await client.webhook('{}')).status).toBe(503);
    child.kill('SIGINT');
    expect(await ended).toEqual({ status: 0, stderr: '' });

    const warnings = log.records.filter(({ level }) => level === 'WARNING').map(({ message }) => String(message));
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('WEBHOOK_SECRET');
    expect(warnings[1]).toContain('READ_API_KEYS');
    expect(log.records.filter(({ message }) => message === 'listening')).toEqual([
      expect.objectContaining({ level: 'INFO', version: packageInfo.version, address: '0.0.0.0', port: client.port }),
    ]);
    expect(log.records.filter(({ message }) => message === 'migrated').length).toBeGreaterThan(0);
  });

  it('fails with one line when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { log, ended } = startProcess(folder, { PORT: String(port) });
    const end = await ended;
    other.close();
    expect(end).toEqual({ status: 1, stderr: '' });
    const errors = log.records.filter(({ level }) => level === 'ERROR');
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors[0])).toContain(`address already in use 127.0.0.1:${String(port)}`);
    expect(log.records.filter(({ message }) => message === 'listening')).toEqual([]);
  });
});

describe('what is no request, again and again behind one that is not answered to its end', () => {
  it('makes the process say nothing', async () => {
    const { child, log, listening, ended } = running.pestered;
    const client = await listening;
    const connection = await connectTo(client.port);
    await connection.send('GET /messages/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    await connection.answers(1);
    for (let i = 0; i < 20; i++) {
      await connection.send('\0\r\n\r\n');
      await client.fetch('/health/live'); // by then it has been read
    }
    child.kill('SIGTERM');
    expect(await ended).toEqual({ status: 0, stderr: '' });
    expect(log.records.filter(({ level }) => level === 'ERROR')).toEqual([]);
    connection.socket.destroy();
  });
});

describe('a fault that nobody caught', () => {
  it.each([
    ['throwing', 'uncaught fault', /RangeError.*planted/],
    ['rejecting', 'unhandled rejection', /null/],
  ] as const)('ends the process that is %s, with one line', async (which, message, words) => {
    const { child, log, listening, ended } = running[which];
    await listening;
    child.kill('SIGUSR2');
    expect(await ended).toEqual({ status: 1, stderr: '' });
    const errors = log.records.filter(({ level }) => level === 'ERROR');
    expect(errors).toEqual([expect.objectContaining({ message })]);
    expect(JSON.stringify(errors[0])).toMatch(words);
  });
});
