import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import SqliteFile from 'better-sqlite3';
import { MAIN } from '../support/entry-points.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startProcess, type ServiceProcess } from '../support/service.ts';

const body = JSON.stringify(MESSAGE);
const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
const started = (name: string, environment: Readonly<Record<string, string>> = {}): ServiceProcess =>
  startProcess(folder, { DATABASE_URL: `sqlite:///${name}.db`, ...environment });

/** A module that the process loads first. */
function planted(code: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/** A thread in a statement that nothing interrupts, from the moment at which the process answers its second request. */
const ENDLESS_STATEMENT = `
  import { Worker } from 'node:worker_threads';
  import { subscribe } from 'node:diagnostics_channel';
  const count = \`new (require('node:sqlite').DatabaseSync)(':memory:').exec(
    'with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n')\`;
  let requests = 0;
  subscribe('http.server.request.start', () => {
    if (++requests === 2) new Worker(count, { eval: true });
  });`;

/** Started together, because starting is most of their work. */
const running = {
  delayed: started('delayed', { SHUTDOWN_DELAY_MS: '5000' }), // more than a busy machine needs for two requests
  impatient: started('impatient', { SHUTDOWN_TIMEOUT_MS: '200' }),
  patient: started('patient', { SHUTDOWN_TIMEOUT_MS: '300000' }),
  killed: started('killed'),
  hungUp: started('hungUp'),
  debugged: started('debugged'),
  locked: started('locked', { SHUTDOWN_TIMEOUT_MS: '100', MAX_BATCH_MESSAGES: '1' }),
  counting: started('counting', planted(ENDLESS_STATEMENT)),
};

afterAll(async () => {
  for (const { child, ended } of Object.values(running)) {
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
});

/** A webhook with half of its body sent; `finish` sends the rest. */
async function halfSent({ listening }: ServiceProcess) {
  const client = await listening;
  let finish: () => void = () => undefined;
  const finishing = new Promise<void>((resolve) => (finish = resolve));
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-signature': sign(SECRET, body),
  };
  let sent: () => void = () => undefined;
  const sending = new Promise<void>((resolve) => (sent = resolve));
  const answer = client.stream({ path: '/webhook', method: 'POST', headers }, async ({ write, end }) => {
    await write(body.slice(0, 20));
    sent();
    await finishing;
    await write(body.slice(20));
    end();
  });
  answer.catch(() => undefined); // until it is awaited
  await sending;
  await client.fetch('/health/live'); // the server has read everything that was sent before this
  return { finish, answer };
}

/** Resolves when the port accepts no more connections. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const error = await Promise.race([once(socket, 'connect').then(() => null), once(socket, 'error')]).catch(
      (e: unknown) => e,
    );
    socket.destroy();
    if (error !== null) return;
    await delay(20); // each connection occupies a port of the machine for a minute
  }
}

describe('SIGTERM', () => {
  it('lets a request in flight finish after a delay in which others are served, not ready', async () => {
    const service = running.delayed;
    const client = await service.listening;
    const { finish, answer } = await halfSent(service);
    service.child.kill('SIGTERM');
    await service.log.first(({ message, signal }) => message === 'stopping' && signal === 'SIGTERM');
    const readiness = await client.read('/health/ready');
    expect([readiness.status, readiness.json()]).toEqual([503, expect.objectContaining({ status: 'stopping' })]);
    await refused(client.port);
    finish();
    expect((await answer).headers.get('x-message-result')).toBe('created');
    expect(await service.ended).toEqual({ status: 0, stderr: '' });
    expect(service.log.records.at(-2)).toMatchObject({ message: 'request', path: '/webhook', status: 200 });
    expect(service.log.records.at(-1)).toMatchObject({ message: 'stopped', requests_cut_off: false });
  });

  it('cuts off a request that hangs', async () => {
    const service = running.impatient;
    const { answer } = await halfSent(service);
    service.child.kill('SIGTERM');
    await expect(answer).rejects.toThrow();
    expect(await service.ended).toEqual({ status: 1, stderr: '' });
    expect(service.log.records).toContainEqual(expect.objectContaining({ message: 'stopped', requests_cut_off: true }));
  });

  it('ends the process immediately when it is sent twice', async () => {
    const service = running.patient;
    await halfSent(service);
    service.child.kill('SIGTERM');
    await service.log.first(({ message }) => message === 'stopping');
    service.child.kill('SIGINT');
    expect((await service.ended).status).toBe(1);
  });
});

describe('SIGHUP', () => {
  it('stops the service as SIGTERM does', async () => {
    const { child, log, listening, ended } = running.hungUp;
    await listening;
    child.kill('SIGHUP');
    expect(await ended).toEqual({ status: 0, stderr: '' });
    expect(log.records.at(-2)).toMatchObject({ message: 'stopping', signal: 'SIGHUP' });
  });
});

describe('SIGUSR1', () => {
  it('opens no debugger', async () => {
    const { child, listening, ended } = running.debugged;
    const client = await listening;
    child.kill('SIGUSR1');
    for (let i = 0; i < 3; i++) expect((await client.fetch('/health/live')).status).toBe(200);
    child.kill('SIGQUIT');
    expect(await ended).toEqual({ status: 0, stderr: '' }); // Node announces its debugger there
  });
});

describe('a stop that cannot finish', () => {
  it('ends by its deadline if another process locks the database, and says what was not done', async () => {
    const { child, log, listening, ended } = running.locked;
    const client = await listening;
    await client.webhook(MESSAGE);
    const lock = new SqliteFile(path.join(folder, 'locked.db'));
    lock.exec('begin immediate');
    const answers = Array.from({ length: 5 }, (_, i) =>
      client.webhook({ ...MESSAGE, message_id: `w${String(i)}` }).catch(() => undefined),
    );
    await client.fetch('/health/live');
    child.kill('SIGTERM');
    const began = performance.now();
    expect(await ended).toEqual({ status: 1, stderr: '' });
    expect(performance.now() - began).toBeLessThan(5_000); // one wait for the lock alone takes as long
    expect(log.records.at(-1)).toMatchObject({ level: 'ERROR', unfinished: 'commits' });
    await Promise.all(answers);
    lock.close();
  });

  it('waits for no thread that is in a statement', async () => {
    const { child, log, listening, ended } = running.counting;
    const client = await listening;
    for (let i = 0; i < 3; i++) await client.fetch('/health/live');
    await delay(200); // until the statement has begun; without it, the test cannot fail wrongly
    child.kill('SIGUSR2');
    expect(await ended).toEqual({ status: 0, stderr: '' });
    expect(log.records.at(-1)).toMatchObject({ message: 'stopped', requests_cut_off: false });
  });

  it.each(['once', 'twice'])('ends though nobody reads the log, if it is asked %s', async (times) => {
    const pipe = path.join(folder, `pipe-${times}`);
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, 'r+');
    const env = {
      WEBHOOK_SECRET: SECRET,
      MIGRATE_ON_START: 'true',
      PORT: '0',
      LOG_LEVEL: 'DEBUG',
      SHUTDOWN_DELAY_MS: times === 'once' ? '0' : '60000',
    };
    const child = spawn(process.execPath, [MAIN], {
      cwd: folder,
      env: { ...env, DATABASE_URL: `sqlite:///${times}.db` },
      stdio: ['ignore', fd, 'pipe'],
    });
    const exited = once(child, 'exit');
    const reader = createReadStream(pipe, { highWaterMark: 64 });
    let text = '';
    for await (const chunk of reader as AsyncIterable<Buffer>)
      if (/"port":\d+,/.test((text += chunk.toString()))) break;
    const port = Number(/"port":(\d+)/.exec(text)?.[1]);
    const long = `/${'x'.repeat(4_000)}`;
    for (let i = 0; i < 100; i++)
      await fetch(`http://127.0.0.1:${String(port)}${long}`).then((answer) => answer.text());
    child.kill('SIGTERM');
    if (times === 'twice') {
      await delay(200);
      child.kill('SIGTERM');
    }
    const began = performance.now();
    expect(await exited).toEqual([times === 'once' ? 0 : 1, null]);
    expect(performance.now() - began).toBeLessThan(10_000);
    closeSync(fd);
  });
});

describe('a signal during the start', () => {
  it('ends the process with status 0, even while a migration waits for the database', async () => {
    const file = path.join(folder, 'early.db');
    const lock = new SqliteFile(file);
    lock.exec('begin exclusive');
    const { child, log, ended } = started('early');
    const open = (): boolean => {
      try {
        const fds = `/proc/${String(child.pid)}/fd`;
        return readdirSync(fds).some((fd) => readlinkSync(`${fds}/${fd}`) === file);
      } catch {
        return false; // descriptors come and go
      }
    };
    while (!open()) await delay(10);
    child.kill('SIGTERM');
    const began = performance.now();
    expect(await ended).toEqual({ status: 0, stderr: '' });
    expect(performance.now() - began).toBeLessThan(3_000); // the migration waits for 5 s
    expect(log.records.map(({ message }) => message)).toEqual(['stopping', 'stopped']);
    lock.close();
  });

  it('is handled once the first module of the service is loaded', async () => {
    const { child, ended, log } = started('first', planted("setTimeout(() => process.kill(process.pid, 'SIGTERM'))"));
    expect((await ended).status).toBe(0);
    expect(log.records.map(({ message }) => message)).not.toContain('listening');
    child.kill('SIGKILL');
  });
});

describe('SIGKILL', () => {
  it('loses no acknowledged message', async () => {
    const { child, listening, ended } = running.killed;
    const client = await listening;
    const messages = Array.from({ length: 20 }, (_message, i) => ({ ...MESSAGE, message_id: `m ${String(i)}` }));
    const answers = await Promise.all(messages.map((message) => client.webhook(message)));
    child.kill('SIGKILL');
    expect(answers.map(({ status }) => status)).toEqual(messages.map(() => 200));
    expect((await ended).status).toBe('SIGKILL');

    const again = started('killed');
    try {
      const reader = await again.listening;
      expect((await reader.fetch('/messages')).json()).toMatchObject({ total: 20 });
      expect((await reader.webhook(messages[7])).headers.get('x-message-result')).toBe('duplicate');
    } finally {
      again.child.kill('SIGKILL');
      await again.ended;
    }
  });
});
