import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandLine, type RunningCommand } from '../../support/command-line.ts';
import { withServer } from '../../support/local-server.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../../support/service.ts';

const SECRETS = {
  WEBHOOK_SECRET: SECRET,
  WHATSAPP_APP_SECRET: 'the-app-secret',
  STANDARD_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  TWILIO_AUTH_TOKEN: 'the-auth-token',
};

const cli = commandLine();
let service: RunningService;
/** For a server that stops its own client. */
let started: RunningCommand;
beforeAll(async () => {
  service = await startService(SECRETS);
});
afterAll(async () => {
  cli.remove();
  await service.stop();
});

/** The listen settings of the service, for a command that has to find it by its configuration. */
const here = () => ({ ...SECRETS, PORT: new URL(service.url).port });
const line = (id: string, text = 'Hello'): string => JSON.stringify({ ...MESSAGE, message_id: id, text });

/** A service that gives these answers, each once it has read the request. */
function answering<T>(listener: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  return withServer((request, response) => {
    request.resume().once('end', () => {
      listener(request, response);
    });
  }, work);
}

/** Listens on the first of the ports that is free. */
async function listening(server: Server, [port, ...others]: readonly number[]): Promise<number> {
  const outcome = Promise.race([once(server, 'listening'), once(server, 'error')]);
  server.listen(port, '127.0.0.1');
  await outcome.catch(() => undefined);
  if (server.listening && port !== undefined) return port;
  if (others.length === 0) throw new Error('none of the ports is free');
  return listening(server, others);
}

describe('send', () => {
  it('sends 200 JSON Lines and reports their outcomes', async () => {
    const created = Array.from({ length: 150 }, (_, i) => line(`m${String(i)}`));
    const lines = [...created, ...created.slice(0, 49), line('m7', 'something else')];
    const file = cli.file('messages.jsonl', `${lines.join('\r\n')}\r\n\r\n`);
    const args = ['send', file, '--concurrency', '1', '--json'];
    const { status, stdout, stderr } = await cli.run(args, here());
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^sending 0\/200\n/) });
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      sent: 200,
      total: 200,
      outcomes: { created: 150, duplicate: 49, conflict: 1 },
      refused: 0,
      refusals: {},
      retries: 0,
      seconds: expect.any(Number),
      per_second: expect.any(Number),
      latency_ms: { p50: expect.any(Number), p99: expect.any(Number) },
    });
  });

  it('prints a summary for people, and ends with status 1 when a message was rejected', async () => {
    const input = `${line('people-1')}\n{"message_id":"people-2"}\n${line('people-3')}`;
    const { status, stdout } = await cli.run(['send', '--url', service.url], SECRETS, input);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^sent {7}3 of 3 in \d+\.\d s, \d+\/s\ncreated {4}2\nrefused {4}1\n {2}1 x 422 [\w ]+: body\.\w+ [^\n]+\nlatency {4}p50 [\d.]+ ms, p99 [\d.]+ ms\n$/,
    );
  });

  it.each([
    ['webhook', { created: 12 }],
    ['standard', { created: 12 }],
    ['whatsapp', { created: 12 }],
    ['twilio', { accepted: 12 }], // its form has no field for more
  ])('makes sample messages of %s, different ones in each run', async (provider, outcomes) => {
    for (let run = 1; run <= 2; run++) {
      const { status, stdout } = await cli.run(['send', '-p', provider, '--count', '12', '--json'], here());
      expect([status, JSON.parse(stdout)]).toMatchObject([0, { sent: 12, refused: 0, outcomes }]);
    }
  });

  it('sends one document of several lines unchanged, and the bytes of --whole with their line end', async () => {
    const pretty = `${JSON.stringify({ ...MESSAGE, message_id: 'pretty' }, null, 2)}\n`;
    expect((await cli.run(['send', '-'], here(), pretty)).stdout).toMatch(/^sent {7}1 of 1.*\ncreated {4}1\n/);
    expect((await service.fetch('/messages/pretty/raw')).body).toBe(pretty);
    const whole = `${line('whole')}\n\n`;
    const { stdout } = await cli.run(['send', '--whole', '--count', '3', cli.file('whole', whole), '--json'], here());
    expect(JSON.parse(stdout)).toMatchObject({ outcomes: { created: 1, duplicate: 2 } });
    expect((await service.fetch('/messages/whole/raw')).body).toBe(whole);
  });

  it('reaches a service at a port that fetch refuses, and the doctor does, too', async () => {
    const server = createServer((request, response) => {
      request.resume().once('end', () => response.writeHead(200, { 'X-Message-Result': 'created' }).end());
    });
    const port = await listening(server, [6_000, 6_566, 6_665, 6_666, 6_667, 6_668, 6_669, 6_697, 10_080]);
    const url = `http://127.0.0.1:${String(port)}`;
    const sent = await cli.run(['send', '--count', '2', '--url', url, '--json'], SECRETS);
    const checked = await cli.run(['doctor', '--url', url], { ...SECRETS, DATABASE_URL: 'sqlite:///./none.db' });
    server.close();
    expect([sent.status, JSON.parse(sent.stdout)]).toMatchObject([0, { sent: 2, outcomes: { created: 2 } }]);
    expect(checked.stdout).toContain('ok    clock: agrees with that of 127.0.0.1');
  });

  it('keeps to a rate', async () => {
    const { stdout } = await cli.run(['send', '--count', '11', '--rate', '20', '--json'], here());
    const { seconds } = JSON.parse(stdout) as { seconds: number };
    expect(seconds).toBeGreaterThanOrEqual(0.5);
  });

  it('retries a message that the service answers with Retry-After, and not one that it rejects', async () => {
    const seen = new Map<string, number>();
    const listener: RequestListener = (request, response) => {
      const signature = String(request.headers['x-signature']);
      const times = (seen.get(signature) ?? 0) + 1;
      seen.set(signature, times);
      if (times > 2) response.writeHead(200, { 'X-Message-Result': 'created' });
      else response.writeHead(times === 1 ? 503 : 429, { 'Retry-After': '0' });
      response.end();
    };
    const args = ['send', '--count', '5', '--json', '--url'];
    const patient = await answering(listener, (url) => cli.run([...args, url], SECRETS));
    expect([patient.status, JSON.parse(patient.stdout)]).toMatchObject([
      0,
      { sent: 5, outcomes: { created: 5 }, refused: 0, retries: 10 },
    ]);

    seen.clear();
    const hasty = await answering(listener, (url) => cli.run([...args, url, '--retries', '1'], SECRETS));
    expect([hasty.status, JSON.parse(hasty.stdout)]).toMatchObject([
      1,
      { ok: false, sent: 5, outcomes: {}, refused: 5, refusals: { '429 Too Many Requests': 5 }, retries: 5 },
    ]);
  });

  it('does not wait for a service that asks for a minute, as one without a secret does', async () => {
    const listener: RequestListener = (_, response) => response.writeHead(503, { 'Retry-After': '60' }).end();
    const { status, stdout } = await answering(listener, (url) =>
      cli.run(['send', '--count', '2', '--json', '--url', url], SECRETS),
    );
    const summary = { refusals: { '503 Service Unavailable': 2 }, retries: 0 };
    expect([status, JSON.parse(stdout)]).toEqual([1, expect.objectContaining(summary)]);
  });

  it('retries after a broken connection, and gives up where no service has ever answered', async () => {
    let requests = 0;
    const listener: RequestListener = (request, response) => {
      requests++;
      if (requests === 2) request.socket.destroy();
      else response.end();
    };
    const args = ['send', '--count', '3', '--concurrency', '1', '--json', '--url'];
    const [broken, url] = await answering(listener, async (url) => [await cli.run([...args, url], SECRETS), url]);
    expect([broken.status, JSON.parse(broken.stdout)]).toMatchObject([0, { sent: 3, retries: 1 }]);

    const nowhere = await cli.run(['send', '--count', '1000', '--url', url], SECRETS); // no service listens there any more
    expect(nowhere).toMatchObject({
      status: 1,
      stderr: 'sending 0/1000\nno answer: ECONNREFUSED: start the service, or say another --url\n',
    });
    expect(nowhere.stdout).toMatch(/^sent {7}0 of 1000 /);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s finishes what is under way, and sums up', async (signal, expected) => {
    let requests = 0;
    await answering(
      (_, response) => {
        requests++;
        if (requests === 5) started.child.kill(signal);
        response.end();
      },
      async (url) => {
        started = cli.start(['send', '--count', '100000', '--concurrency', '1', '--json', '--url', url], SECRETS);
        const { status, stdout, stderr } = await started.ended;
        const { ok, sent, total } = JSON.parse(stdout) as { ok: boolean; sent: number; total: number };
        expect({ status, ok, total, stderr }).toEqual({
          status: expected,
          ok: false,
          total: 100_000,
          stderr: `sending 0/100000\nstopped by ${signal}; sending all again is safe\n`,
        });
        expect([sent, requests]).toEqual([requests, sent]);
        expect(sent).toBeGreaterThanOrEqual(5);
      },
    );
  });

  it('stops waiting for a retry when it is stopped', async () => {
    const listener: RequestListener = (_, response) => {
      response.writeHead(503, { 'Retry-After': '30' }).end(() => started.child.kill('SIGINT'));
    };
    const end = await answering(listener, (url) => {
      started = cli.start(['send', '--count', '1', '--url', url], SECRETS);
      return started.ended;
    });
    expect(end).toMatchObject({ status: 130, stdout: expect.stringMatching(/^sent {7}0 of 1 /) });
  });

  it.each([
    ['without a secret', ['--count', '1'], {}, 78, 'WEBHOOK_SECRET is not set'],
    ['without a message', [], SECRETS, 64, '--count'],
    ['without an address', ['--count', '1'], { ...SECRETS, PORT: '0' }, 64, '--url'],
  ])('reports in one line what to do: %s', async (_what, args, environment, status, reason) => {
    const end = await cli.run(['send', ...args], environment);
    expect(end).toMatchObject({ status, stdout: '', stderr: expect.stringContaining(reason) });
  });
});
