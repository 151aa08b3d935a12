import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { ACTIVATED, listeningSocket, type ListeningSocket } from '../support/listening-socket.ts';
import { postWebhook } from '../support/post-webhook.ts';
import { MESSAGE, startProcess, type ServiceProcess } from '../support/service.ts';

let folder: string;
let socket: ListeningSocket;
let running: ServiceProcess[];
/** With a port that it must not listen on: that would fail. */
const start = (through: readonly string[] = ACTIVATED): ServiceProcess => {
  const service = startProcess(folder, { PORT: '1', HOST: '192.0.2.1' }, undefined, through, [socket.fd]);
  running.push(service);
  return service;
};
/** Only a connection that finds no room takes as long. */
const PATIENCE_MS = 5_000;
/** More than Node's default of 511, and fewer than the unit promises. */
const WAITING = 1_000;

/** The number of clients whose connections a stopped process leaves waiting. The kernel lets no more wait than the backlog. */
async function waiting({ child }: ServiceProcess, port: number): Promise<number> {
  child.kill('SIGSTOP');
  const clients = Array.from({ length: WAITING }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  const connected = clients.map((client) => once(client, 'connect').then(() => true));
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  const all = await Promise.all(connected.map((one) => Promise.race([one, late])));
  for (const client of clients) client.destroy();
  child.kill('SIGCONT');
  return all.filter(Boolean).length;
}

const message = (i: number): string => JSON.stringify({ ...MESSAGE, message_id: `m${String(i)}` });

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'webhook-inbox-'));
  socket = listeningSocket();
  running = [];
});
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
  socket.close();
  rmSync(folder, { recursive: true });
});

it('listens on the inherited socket; a client that connects during a replacement waits, and is not refused', async () => {
  const first = start();
  expect((await first.listening).port).toBe(socket.port);
  const agent = new Agent({ keepAlive: false });
  expect((await postWebhook(socket.port, message(1), agent)).status).toBe(200);

  first.child.kill('SIGTERM');
  expect(await first.ended).toEqual({ status: 0, stderr: '' });
  const waiting = Array.from({ length: 50 }, (_message, i) => postWebhook(socket.port, message(1 + i), agent));
  const answers = await Promise.race([Promise.all(waiting), start().ended]);
  expect(answers).toEqual(waiting.map(() => expect.objectContaining({ status: 200 })));
  const results = (answers as { result: string }[]).map(({ result }) => result);
  expect(results.filter((result) => result === 'duplicate')).toHaveLength(1);
  agent.destroy();
});

it('lets as many connections wait as the unit of the socket promises, while it accepts none', async () => {
  const service = start();
  await service.listening;
  expect(await waiting(service, socket.port)).toBe(WAITING);
});

it('does the same on an address of its own', async () => {
  const service = startProcess(folder);
  running.push(service);
  const { port } = await service.listening;
  expect(await waiting(service, port)).toBe(WAITING);
});

it('ignores a socket that was meant for another process', async () => {
  const { log, ended } = start(['env', 'LISTEN_PID=1', 'LISTEN_FDS=1']);
  expect((await ended).status).toBe(1);
  expect(JSON.stringify(log.records.at(-1))).toMatch(/HOST is 192\.0\.2\.1, no address of this machine|EACCES/);
});

it('does not guess which of several sockets is meant', async () => {
  const { ended } = start(['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"', 'sh']);
  const { status, stderr } = await ended;
  expect([status, stderr]).toEqual([78, expect.stringContaining('LISTEN_FDS must be 1')]);
});
