import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { commandLine } from '../../support/command-line.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../../support/service.ts';
import { describeNeeding } from '../../support/requirements.ts';

const run = promisify(execFile);
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const cli = commandLine();
let service: RunningService;
beforeAll(async () => {
  service = await startService({ STANDARD_WEBHOOK_SECRET: STANDARD_SECRET });
});
afterAll(async () => {
  cli.remove();
  await service.stop();
});

describeNeeding(['curl'], 'sign', () => {
  it.each([
    [
      'webhook',
      [],
      { WEBHOOK_SECRET: 'testsecret' },
      '{"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2025-01-15T10:00:00Z","text":"Hello"}',
      'X-Signature: ff1016e524bc9299d18988ecf27a880af9428140e3850af0c73ea1eef091a4cb\n',
    ],
    [
      'whatsapp',
      [],
      { WHATSAPP_APP_SECRET: 'app_secret' },
      String.raw`{"object":"whatsapp_business_account","text":"\u00e4\u00f6\u00e5"}`,
      'X-Hub-Signature-256: sha256=e1ef29eca97536a8af71e971a7cbff922201ea29a99c38fa68e7b13bd640498c\n',
    ],
    [
      'standard',
      ['--id', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '--timestamp', '1614265330'],
      { STANDARD_WEBHOOK_SECRET: STANDARD_SECRET },
      '{"test": 2432232314}',
      'webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nwebhook-timestamp: 1614265330\n' +
        'webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n',
    ],
    [
      'twilio',
      ['--url', 'https://mycompany.com/myapp.php?foo=1&bar=2'],
      { TWILIO_AUTH_TOKEN: '12345' },
      'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212',
      'X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8=\n',
    ],
  ])('makes the signature that %s publishes as its example', async (provider, args, environment, body, headers) => {
    expect(await cli.run(['sign', '-p', provider, ...args], environment, body)).toEqual({
      status: 0,
      stdout: headers,
      stderr: '',
    });
  });

  it('prints headers that the service accepts, from a file and from .env', async () => {
    const body = JSON.stringify({ ...MESSAGE, message_id: 'signed', text: 'Grüße' });
    const own = commandLine();
    own.file('.env', `WEBHOOK_SECRET=${SECRET}\n`);
    const { stdout } = await own.run(['sign', own.file('m.json', body)]);
    own.remove();
    const [, name = '', value = ''] = /^([\w-]+): (\w+)\n$/.exec(stdout) ?? [];
    const headers = { 'content-type': 'application/json', [name]: value };
    expect((await service.fetch('/webhook', { method: 'POST', headers, body })).status).toBe(200);
  });

  it('prints as JSON everything that a request needs', async () => {
    const body = JSON.stringify({ ...MESSAGE, message_id: 'json' });
    const environment = { STANDARD_WEBHOOK_SECRET: STANDARD_SECRET };
    const { stdout } = await cli.run(['sign', '-p', 'standard', '--url', service.url, '--json'], environment, body);
    const { method, url, headers } = JSON.parse(stdout) as {
      method: string;
      url: string;
      headers: Record<string, string>;
    };
    expect(headers).toMatchObject({ 'webhook-id': expect.stringMatching(/^msg_[\w-]{22}$/) });
    expect((await fetch(url, { method, headers, body })).status).toBe(200);
  });

  it.each([
    ['standard input', undefined],
    ['a file', "it's a file.json"],
  ])('prints a curl command that a shell can run, with the body of %s', async (_what, name) => {
    const body = JSON.stringify({ ...MESSAGE, message_id: `curl ${name ?? ''}`, text: "it's @home\n$HOME" });
    const args = name === undefined ? [] : [cli.file(name, body)];
    const environment = { WEBHOOK_SECRET: SECRET };
    const { stdout } = await cli.run(['sign', '--curl', '--url', service.url, ...args], environment, body);
    const answer = await run('sh', ['-c', `${stdout.trimEnd()} -sS -i`], { cwd: cli.folder });
    expect(answer.stdout).toMatch(/^HTTP\/1.1 200 [^]*X-Message-Result: created/i);
  });

  it('signs the public address for Twilio if the service has one', async () => {
    const environment = { TWILIO_AUTH_TOKEN: '12345', PUBLIC_URL: 'https://inbox.example.com' };
    const ended = await Promise.all([
      cli.run(['sign', '-p', 'twilio'], environment, 'Body=Hi'),
      cli.run(['sign', '-p', 'twilio', '--url', 'https://inbox.example.com/webhooks/twilio'], environment, 'Body=Hi'),
      cli.run(['sign', '-p', 'twilio'], { TWILIO_AUTH_TOKEN: '12345' }, 'Body=Hi'),
    ]);
    const [byConfiguration, byOption, local] = ended.map(({ stdout }) => stdout);
    expect(byConfiguration).toBe(byOption);
    expect(local).not.toBe(byOption);
  });

  it.each([
    ['without a secret', [], {}, 78, 'WEBHOOK_SECRET is not set'],
    [
      'with a public key',
      ['-p', 'standard'],
      { STANDARD_WEBHOOK_SECRET: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=' },
      78,
      'public key',
    ],
    ['a file that is not there', ['no-such.json'], { WEBHOOK_SECRET: 'a' }, 64, 'no-such.json is not there'],
    ['a folder', ['.'], { WEBHOOK_SECRET: 'a' }, 1, '. cannot be read: EISDIR'],
    ['an id where there is none', ['--id', 'a'], { WEBHOOK_SECRET: 'a' }, 64, '--provider standard'],
    ['in two forms', ['--curl', '--json'], { WEBHOOK_SECRET: 'a' }, 64, 'exclude each other'],
    ['without an address', ['--json'], { WEBHOOK_SECRET: 'a', PORT: '0' }, 64, '--url'],
  ])('reports in one line what to do: %s', async (_what, args, environment, status, reason) => {
    const end = await cli.run(['sign', ...args], environment, 'body');
    expect(end).toMatchObject({ status, stderr: expect.stringContaining(reason) });
    if (!(args as string[]).includes('--json')) expect(end.stdout).toBe('');
  });
});
