import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startProcess, type ServiceProcess } from '../support/service.ts';

const body = JSON.stringify(MESSAGE);
const folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
const started = (name: string, environment: Readonly<Record<string, string>> = {}): ServiceProcess =>
  startProcess(folder, { DATABASE_URL: `sqlite:///${name}.db`, ...environment });

/** Started together, because starting is most of their work. */
const running = {
  delayed: started('delayed', { SHUTDOWN_DELAY_MS: '5000' }), // more than a busy machine needs for two requests
  impatient: started('impatient', { SHUTDOWN_TIMEOUT_MS: '200' }),
  patient: started('patient', { SHUTDOWN_TIMEOUT_MS: '300000' }),
  killed: started('killed'),
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
